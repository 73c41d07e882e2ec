"""Networks with an output at every pixel."""

import pytest
import torch

from mtlcore.models import branches, cross_stitch, deeplab, mtan, nddr


@pytest.mark.parametrize("make", [deeplab, branches, cross_stitch, nddr, mtan])
def test_every_pixel_gets_an_answer(make) -> None:
    model = make((13, 1, 3), depth=18, width=4, head_width=6)
    images = torch.rand(2, 3, 32, 48)
    outputs = model(images)
    assert [o.shape for o in outputs] == [(2, 13, 32, 48), (2, 1, 32, 48), (2, 3, 32, 48)]
    sum(o.square().mean() for o in outputs).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert min(o.min() for o in outputs) < 0 < max(o.max() for o in outputs)


@pytest.mark.parametrize(
    ("make", "outputs", "size"),
    [
        *((make, (13, 1, 3), (288, 384)) for make in (deeplab, cross_stitch, nddr, mtan)),
        (deeplab, (7, 1), (128, 256)),
        (branches, (13, 1, 3), (120, 160)),
    ],
)
def test_at_the_papers_sizes_without_a_number(make, outputs: tuple[int, ...], size: tuple[int, int]) -> None:
    with torch.device("meta"):
        found = make(outputs)(torch.empty(2, 3, *size))
    assert [o.shape for o in found] == [(2, k, *size) for k in outputs]
