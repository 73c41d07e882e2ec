"""The network of photographs with yes-or-no tasks."""

import pytest
import torch

from mtlcore.models import binary_lenet


@pytest.mark.parametrize(("shared", "trunk"), [(3, 168 + 2416 + 51_328), (2, 168 + 2416)])
def test_parameters_by_hand(shared: int, trunk: int) -> None:
    """32 pixels become 34, 17, 13, 6 and 2."""
    model = binary_lenet(tasks=4, layers=3, shared=shared)
    assert sum(p.numel() for p in model.shared_parameters()) == trunk
    head = (0 if shared == 3 else 51_328) + 513 * 84 + 2 * 85 * 84 + 85
    assert [sum(p.numel() for p in ps) for ps in model.head_parameters()] == [head] * 4


@pytest.mark.parametrize("shared", [2, 3])
def test_every_parameter_gets_a_gradient(shared: int) -> None:
    model = binary_lenet(layers=1, shared=shared)
    outputs = model(torch.rand(6, 3, 32, 32))
    assert [tuple(output.shape) for output in outputs] == [(6, 1)] * 10
    sum(output.sum() for output in outputs).backward()
    assert all(p.grad is not None and p.grad.any() for p in model.parameters())


@pytest.mark.parametrize("options", [{"layers": 0}, {"shared": 1}])
def test_options_out_of_range(options: dict) -> None:
    with pytest.raises(ValueError, match="layers is at least 1 and shared 2 or 3"):
        binary_lenet(**options)
