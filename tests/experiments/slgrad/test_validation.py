"""What each arm trains on, and what the rates are chosen by."""

from collections import Counter

import pandas as pd
import pytest
import torch
from torch import nn

import mtlcore as mtl
from mtlcore.experiments.slgrad import validation
from mtlcore.experiments.slgrad._images import choose
from mtlcore.experiments.slgrad.validation import ARMS, COMMON, TINY, _batches, _further, _small_losses

CONFIG = COMMON | TINY | {"seed": 1}


@pytest.mark.parametrize(
    ("trains_on", "from_training", "from_validation"),
    [("training", 90, 0), ("validation", 0, 90), ("both", 60, 30), ("both in turn", 60, 30)],
)
def test_every_arm_has_the_same_number_of_steps(
    trains_on: str, from_training: int, from_validation: int
) -> None:
    """Nine steps of ten samples; 60 training and 30 validation images."""
    data = mtl.load("synthetic-photographs", train=60, validation=30)
    config = {"trains_on": trains_on, "batch_size": 10}
    batches = list(_batches(data, config, torch.Generator().manual_seed(0), 9))
    assert len(batches) == 9
    known = {tuple(x.flatten().tolist()) for x in data.train.read(slice(None)).inputs}
    count = Counter(tuple(x.flatten().tolist()) in known for b in batches for x in b.inputs)
    assert (count[True], count[False]) == (from_training, from_validation)
    if trains_on == "both in turn":
        assert all(tuple(x.flatten().tolist()) not in known for b in batches[6:] for x in b.inputs)


def test_the_smallest_losses_are_kept() -> None:
    model = mtl.MultiTaskModel(nn.Identity(), [nn.Linear(1, 1, bias=False)])
    nn.init.ones_(model.heads[0].weight)
    batch = mtl.Batch(torch.tensor([[2.0], [-1.0], [3.0]]), (torch.tensor([1, 1, 1]),))
    _small_losses(model, batch, mtl.Task.logistic("main"), 0.6)
    expected = sum(x * (torch.sigmoid(torch.tensor(x)) - 1) for x in (2.0, 3.0)) / 2
    assert model.heads[0].weight.grad.item() == pytest.approx(float(expected))


def test_the_further_images_are_clean() -> None:
    config = CONFIG | {"train": 400, "validation": 200}
    assert len(_further(config)) == 200
    assert (torch.stack(_further(config).targets).sum(0) == 1).all()


def test_a_rate_is_chosen_at_the_choosing_seed_by_the_least_loss() -> None:
    rows = pd.DataFrame(
        [(0, "a", 0.1, 0.5), (0, "a", 0.3, 0.4), (1, "a", 1.0, 0.1), (0, "b", 0.1, 0.2)],
        columns=["seed", "arm", "lr", "further_loss"],
    )
    assert validation.choose(rows) == {"a": 0.3, "b": 0.1}
    renamed = rows.rename(columns={"arm": "method", "further_loss": "validation_loss.best"})
    assert choose(renamed) == {"a": 0.3, "b": 0.1}


def test_every_arm_is_in_every_preset() -> None:
    for preset in validation.experiment.presets:
        assert {c["arm"] for c in validation.experiment.configurations(preset)} == {*ARMS}
