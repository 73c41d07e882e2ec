"""DeepLab's pyramid head."""

import torch
from torch import nn

from mtlcore.models import deeplab


def test_the_pyramid_looks_far() -> None:
    """Through rates of 12, 24 and 36 a pixel sees these neighbours; through its average, all."""
    (head,) = deeplab([1], depth=18, width=4, head_width=4).eval().heads
    convolutions = [m for m in head[0].modules() if isinstance(m, nn.Conv2d)]
    assert [(c.kernel_size[0], c.dilation[0]) for c in convolutions] == [
        (1, 1),
        (3, 12),
        (3, 24),
        (3, 36),
        (1, 1),
        (1, 1),
    ]
    z = torch.rand(1, 32, 41, 41, requires_grad=True)
    (seen,) = torch.autograd.grad(head[0].views[2](z)[0, :, 20, 20].sum() * 1e6, z)
    assert {tuple(place) for place in seen[0].abs().sum(0).nonzero().tolist()} <= {(20, 20)}
    assert head[0].whole(z).shape == (1, 4, 1, 1)
