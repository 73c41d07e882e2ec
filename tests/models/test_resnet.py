"""The residual network for small images."""

import pytest
import torch
from torch import nn

from mtlcore.models import resnet


def test_resnet_20_is_that_of_the_paper():
    trunk = resnet(tasks=3).trunk
    three_by_three = [m for m in trunk.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (3, 3)]
    assert len(three_by_three) == 19  # and one linear layer, the head
    assert sum(p.numel() for m in three_by_three for p in m.parameters()) == 267_696
    assert sum(p.numel() for p in trunk.parameters()) == 271_824


def test_a_resnet_halves_the_image_twice_and_answers_for_every_task():
    model = resnet(tasks=3, classes=5, channels=1, depth=8, widths=(4, 6, 8))
    images = torch.rand(2, 1, 32, 32)
    before_pooling = model.trunk[:-2](images)
    assert before_pooling.shape == (2, 8, 8, 8)
    torch.testing.assert_close(model.features(images)[0], before_pooling.mean((2, 3)))
    assert [o.shape for o in model(images)] == [(2, 5)] * 3


def test_a_block_adds_its_path_to_its_shortcut():
    model = resnet(depth=8, widths=(4, 6, 8)).eval()
    x = torch.rand(2, 4, 8, 8)
    same, half = model.trunk[3:5]
    torch.testing.assert_close(same(x), (same.path(x) + x).relu())
    torch.testing.assert_close(half(x), (half.path(x) + half.shortcut(x)).relu())
    assert half(x).shape == (2, 6, 4, 4)


@pytest.mark.parametrize("depth", [2, 7, 10])
def test_a_depth_that_makes_no_blocks_is_refused(depth):
    with pytest.raises(ValueError, match=f"a depth is 2 \\+ 6 times a whole number, not {depth}"):
        resnet(depth=depth)
