"""Cross-stitch, NDDR-CNN and MTAN."""

import math

import torch
import torch.nn.functional as F
from torch import nn

from mtlcore.models import cross_stitch, mtan, nddr


def test_stitches_of_one_and_none_keep_the_tasks_apart() -> None:
    model = cross_stitch([1, 1], depth=18, width=4, head_width=4)
    first, second = model.trunk.networks
    stitches = list(model.trunk.mixers)
    assert len(stitches) == 3 and all((s.units == 1).all() for s in stitches)
    images = torch.rand(2, 3, 16, 16)

    def reached() -> tuple[bool, bool]:
        model.zero_grad()
        model(images)[0].square().sum().backward()
        weights = [p.grad for net in (first, second) for p in (net.conv1.weight, net.layer4[0].conv1.weight)]
        assert weights[0].any() and weights[1].any() and (weights[3] is None or not weights[3].any())
        return bool(weights[0].any()), weights[2] is not None and bool(weights[2].any())

    assert reached() == (True, True), "the first task's loss reaches both networks' first layers"
    for stitch in stitches:
        stitch.units.data = torch.eye(2)
    assert reached() == (True, False)
    alone = torch.cat([first.eval()(images), second.eval()(images)], 1)
    torch.testing.assert_close(model.eval().features(images)[0], alone)


def test_nddr_starts_near_the_tasks_own_features() -> None:
    model = nddr([1, 1, 1], depth=18, width=4, head_width=4).eval()
    (*_, last) = model.trunk.mixers
    features = [torch.rand(1, 32, 2, 2) for _ in range(3)]
    found = last.eval()(features)
    expected = 0.9 * features[1] + 0.05 * (features[0] + features[2])
    torch.testing.assert_close(found[1], expected, rtol=1e-4, atol=1e-4)
    assert len(model.trunk.mixers) == 4 and model.features(torch.rand(1, 3, 16, 16))[0].shape[1] == 3 * 32


def test_mtan_sees_every_layer_through_its_mask() -> None:
    """With masks of one and nothing to carry, what is left is the last layer; with masks of zero, nothing."""
    model = mtan([1, 1], depth=50, width=4, head_width=4).eval()
    images = torch.rand(2, 3, 32, 48)
    z, network = model.features(images)[0], model.trunk.network
    attention = model.heads[1][0]
    taps = z.split(attention.split, 1)
    torch.testing.assert_close(F.pixel_shuffle(taps[1], 2), network[:5](images))
    torch.testing.assert_close(taps[6], network[7][:-1](network[:7](images)))
    torch.testing.assert_close(taps[7], network(images))
    for value in (1.0, 0.0):
        for mask in attention.masks:
            mask[-1] = nn.Threshold(math.inf, value)
        torch.testing.assert_close(attention(z), value * network(images))
    assert {len(list(h.parameters())) for h in model.heads} == {len(list(model.heads[0].parameters()))}
