"""Tables 4 and 5 on two digits: the tables' methods, one scale, and rates that the stored rows choose."""

import pytest
import torch

import mtlcore as mtl
from mtlcore.experiments import two_digits
from mtlcore.experiments.rlw import architectures, combinations
from mtlcore.methods import make


def test_the_methods_are_those_of_the_tables() -> None:
    printed = mtl.reported("rlw-table-4")["method"].str.split(" \\+ ", expand=True)
    assert len(combinations.PAIRS) == printed[0].nunique()
    five = mtl.reported("rlw-table-5")
    assert len(architectures.METHODS) == five["method"].nunique()
    assert [*two_digits.ARCHITECTURES] == [*five["architecture"].str.lower().unique()]
    assert {*architectures.METHODS} <= {*combinations.CONTESTANTS}


@pytest.mark.parametrize("name", combinations.CONTESTANTS)
def test_equal_gradients_give_their_mean(name: str) -> None:
    """On the scale of a mean; random weights that come before have a mean of 1 each."""
    data = mtl.load("digits", train=40)
    batch = data.train.read(slice(0, 40))
    batch = mtl.Batch(batch.inputs, (batch.targets[0], batch.targets[0]))
    torch.manual_seed(0)
    model = mtl.models.lenet(size=11, kernels=(2, 2))
    model.heads[1].load_state_dict(model.heads[0].state_dict())
    method = make(name)
    if name.startswith("Compose"):
        assert method.losses.scale == "sum"
        method = method.gradients
    g = mtl.Signals(model, batch, data.tasks).jacobian()[0]
    method.backward(mtl.Signals(model, batch, data.tasks))
    d = torch.cat([p.grad.flatten() for p in model.shared_parameters()])
    factor = 1.4 / 1.16 if name.endswith("CAGrad") or "CAGrad)" in name else 1.0  # (1 + c) / (1 + c^2)
    torch.testing.assert_close(d, factor * g, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("experiment", "by", "chosen"),
    [
        (combinations.experiment, ["method"], combinations.CHOSEN),
        (architectures.experiment, ["architecture", "method"], architectures.CHOSEN),
    ],
    ids=["combinations", "architectures"],
)
def test_the_tested_rates_are_those_that_the_stored_rows_choose(experiment, by, chosen) -> None:
    rows = mtl.results(experiment.name, "laptop")
    assert two_digits.choose(rows, by) == chosen
    assert not {*two_digits.CHOOSING} & {*two_digits.TESTED}
    tested = rows[rows["seed"].isin(two_digits.TESTED)]
    assert (tested.groupby(by)["lr"].nunique() == 1).all()
