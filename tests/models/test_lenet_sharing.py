"""Soft parameter sharing with LeNets: shapes, sizes, and what each architecture is reduced to."""

import math

import pytest
import torch
from torch import Tensor, nn

from mtlcore.models import MultiTaskModel, lenet, lenet_cross_stitch, lenet_mtan, lenet_nddr

SMALL = {"size": 11, "kernels": (3, 3)}


def alone(model: MultiTaskModel, images: Tensor) -> list[Tensor]:
    """Each task's network and head, without what mixes them."""
    nets = model.trunk.networks
    return [head[1](net(images)) for net, head in zip(nets, model.heads, strict=True)]


@pytest.mark.parametrize("make", [lenet_cross_stitch, lenet_nddr, lenet_mtan])
@pytest.mark.parametrize("tasks", [1, 3])
def test_every_task_gets_an_answer_and_every_parameter_a_gradient(make, tasks: int) -> None:
    torch.manual_seed(0)
    model = make(tasks, 7, **SMALL)
    outputs = model(torch.rand(8, 1, 11, 11))
    assert [output.shape for output in outputs] == [(8, 7)] * tasks
    sum(output.square().mean() for output in outputs).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert len(make(tasks)(torch.rand(2, 1, 36, 36))) == tasks
    with pytest.raises(ValueError, match="too small"):
        make(size=8)


def test_the_numbers_of_parameters() -> None:
    def count(module: nn.Module) -> int:
        return sum(p.numel() for p in module.parameters())

    shared = lenet(**SMALL)
    trunk, head = count(shared.trunk), count(shared.heads[0])
    assert (trunk, head) == (10 * 10 + 20 * 91 + 50 * 21, 50 * 10 + 10)
    stitched = lenet_cross_stitch(**SMALL)
    assert count(stitched.trunk) == 2 * trunk + 2 * 4
    reduced = lenet_nddr(**SMALL)
    assert count(reduced.trunk) == 2 * trunk + 2 * sum(c * 2 * c + 2 * c for c in (10, 20))
    assert count(stitched.heads) == count(reduced.heads) == 2 * head
    attending = lenet_mtan(**SMALL)
    masks = sum(n * h + 3 * h + h * c + 3 * c for n, h, c in ((10, 5, 10), (40, 10, 20), (100, 25, 50)))
    carried = 10 * 20 + 20 + 20 * 50 + 50
    assert count(attending.trunk) == trunk
    assert count(attending.heads) == 2 * (head + masks + carried)


def test_stitches_of_one_and_none_are_separate_networks() -> None:
    torch.manual_seed(0)
    model, images = lenet_cross_stitch(3, **SMALL), torch.rand(4, 1, 11, 11)
    assert all((stitch.units == 1).all() for stitch in model.trunk.mixers)
    for stitch in model.trunk.mixers:
        stitch.units.data = torch.eye(3)
    for found, expected in zip(model(images), alone(model, images), strict=True):
        torch.testing.assert_close(found, expected)


def test_a_reduction_to_the_tasks_own_features_is_separate_networks_but_for_the_batch_norm() -> None:
    torch.manual_seed(0)
    model, images = lenet_nddr(3, **SMALL).eval(), torch.rand(4, 1, 11, 11)
    others = model(images)[0]
    for reduction, channels in zip(model.trunk.mixers, (10, 20), strict=True):
        for task, layer in enumerate(reduction.reduce):
            start = layer[0].weight.data[..., 0, 0].view(channels, 3, channels)
            assert torch.equal(start[:, task], 0.9 * torch.eye(channels))
            start.zero_()[:, task] = torch.eye(channels)
            layer[1] = nn.Identity()
    for found, expected in zip(model(images), alone(model, images), strict=True):
        torch.testing.assert_close(found, expected)
    assert not torch.allclose(others, model(images)[0])


def test_masks_of_one_are_hard_sharing_and_masks_of_zero_nothing() -> None:
    torch.manual_seed(0)
    model, hard, images = lenet_mtan(**SMALL), lenet(**SMALL), torch.rand(4, 1, 11, 11)
    for ours, theirs in zip(model.trunk.parameters(), hard.trunk.parameters(), strict=True):
        theirs.data = ours.data
    for ours, theirs in zip(model.heads, hard.heads, strict=True):
        theirs.load_state_dict(ours[1].state_dict())
    for value in (1.0, 0.0):
        for head in model.heads:
            for mask in head[0].masks:
                mask[-1] = nn.Threshold(math.inf, value)
        expected = hard(images) if value else [head[1].bias.expand(4, -1) for head in model.heads]
        for found, theirs in zip(model(images), expected, strict=True):
            torch.testing.assert_close(found, theirs)
