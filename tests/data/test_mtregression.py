"""MTRegression: the data, and what is measured on it."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl
from mtlcore.data.mtregression import ideal_weights, normalised_loss, weight_error

SIZES = {"train": 400, "validation": 30, "test": 20}


def test_shapes_names_and_types() -> None:
    data = mtl.load("mtregression", tasks=3, inputs=6, outputs=4, **SIZES)
    assert [task.name for task in data.tasks] == ["1", "2", "3"]
    for split, samples in zip((data.train, data.validation, data.test), SIZES.values(), strict=True):
        assert split.inputs.shape == (samples, 6) and split.inputs.dtype == torch.float32
        assert [y.shape for y in split.targets] == [(samples, 4)] * 3
        assert {y.dtype for y in split.targets} == {torch.float32}


def test_the_paper_s_sizes_are_the_defaults() -> None:
    data = mtl.load("mtregression")
    assert data.train.inputs.shape == (9_000, 250) and data.test.inputs.shape == (1_000, 250)
    assert [y.shape for y in data.test.targets] == [(1_000, 100)] * 10


def test_the_functions_are_sigma_tanh_of_a_shared_and_an_own_matrix() -> None:
    """Undo sigma and tanh, fit the matrices, and look at their spreads."""
    data = mtl.load("mtregression", tasks=4, inputs=20, outputs=500, **SIZES)
    x = data.train.inputs.double()
    assert x.std().item() == pytest.approx(0.01, rel=0.02)
    targets = [y.double() / sigma for sigma, y in enumerate(data.train.targets, start=1)]
    a = torch.stack([torch.linalg.lstsq(x, torch.atanh(y)).solution for y in targets])
    for sigma, (y, matrix) in enumerate(zip(data.test.targets, a, strict=True), start=1):
        torch.testing.assert_close(
            y.double(), sigma * torch.tanh(data.test.inputs.double() @ matrix), atol=1e-4, rtol=0
        )
    assert a.std().item() == pytest.approx((10**2 + 3.5**2) ** 0.5, rel=0.03)
    assert (a[0] - a[3]).std().item() == pytest.approx(3.5 * 2**0.5, rel=0.03)


@pytest.mark.parametrize(("input_std", "least", "most"), [(0.01, 0.50, 0.60), (1.0, 0.98, 1.0)])
def test_inputs_as_in_the_code_keep_tanh_away_from_its_ends(
    input_std: float, least: float, most: float
) -> None:
    data = mtl.load("mtregression", input_std=input_std, **SIZES)
    for sigma, y in enumerate(data.train.targets, start=1):
        assert least < (y / sigma).square().mean() < most


def test_a_seed_gives_the_same_data_and_another_seed_others() -> None:
    one, same = (mtl.load("mtregression", tasks=2, **SIZES) for _ in range(2))
    other = mtl.load("mtregression", tasks=2, **SIZES, seed=1)
    assert torch.equal(one.train.inputs, same.train.inputs)
    assert torch.equal(one.test.targets[1], same.test.targets[1])
    assert not torch.equal(one.train.inputs, other.train.inputs)
    assert not torch.equal(one.train.inputs[:20], one.test.inputs)


def test_the_size_of_a_split_changes_nothing_else() -> None:
    small = mtl.load("mtregression", tasks=2, **SIZES)
    large = mtl.load("mtregression", tasks=2, **SIZES | {"train": 401})
    assert torch.equal(small.test.targets[1], large.test.targets[1])


def test_bad_options_are_refused() -> None:
    with pytest.raises(ValueError, match="tasks must be a whole number of at least 1"):
        mtl.load("mtregression", tasks=0)
    with pytest.raises(ValueError, match="has no option 'sigma'"):
        mtl.load("mtregression", sigma=1)


def test_normalised_loss_by_hand() -> None:
    """Three tasks, two outputs, one sample: errors (1, 1), (2, 0), (3, 6) on scales 1, 2, 3."""
    errors = torch.tensor([[1.0, 1.0], [2.0, 0.0], [3.0, 6.0]])
    by_hand = (2 / 1 + 4 / 4 + 45 / 9) / 3
    assert normalised_loss(errors.square().mean(1), outputs=2) == pytest.approx(by_hand)


def test_ideal_weights() -> None:
    assert ideal_weights(3).tolist() == pytest.approx([1, 1 / 4, 1 / 9])
    assert ideal_weights(10).sum().item() == pytest.approx(1.5497677312)


@pytest.mark.parametrize("factor", [1e-3, 1.0, 6.45])
def test_the_weight_error_is_zero_at_ideal_weights_whatever_their_scale(factor: float) -> None:
    assert weight_error(factor * ideal_weights(10)) == pytest.approx(0, abs=1e-20)


def test_the_weight_error_of_equal_weights() -> None:
    ideal = [10 / i**2 / 1.5497677312 for i in range(1, 11)]
    assert weight_error(torch.ones(10)) == pytest.approx(sum((1 - w) ** 2 for w in ideal) / 10)
    assert weight_error(torch.ones(10)) == pytest.approx(3.505, abs=5e-4)
