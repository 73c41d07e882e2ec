"""Table 2 of the SLAW paper: settings, losses and accuracies."""

import math

import numpy as np
import pytest
import torch

from mtlcore import reported
from mtlcore.experiments import experiment
from mtlcore.experiments.slaw import table2 as slaw_table2


def test_settings_are_those_of_slaws_appendix() -> None:
    printed = reported("slaw-appendix-c").query("dataset == 'NYUv2'").set_index("metric")["value"]
    paper = slaw_table2.PAPER
    assert paper["batch_size"] == int(printed["batch size"])
    assert paper["lr"] == float(printed["learning rate"])
    updates = paper["epochs"] * math.ceil((795 - paper["validation"]) / paper["batch_size"])
    assert updates == 660


def test_slaws_losses_are_its_own() -> None:
    """Half of one minus the cosine, and depths as logarithms."""
    (config, *_) = experiment("slaw-table2").configurations("smoke")
    data, model = slaw_table2.start(config)
    assert [t.name for t in data.tasks] == ["segmentation", "depth", "normals"]
    unit = torch.full((1, 3, 1, 1), 3**-0.5)
    opposite = [-unit, unit]
    assert data.tasks[2].sample_losses(*opposite)[0].item() == pytest.approx(1)
    assert data.tasks[1].metrics(torch.zeros(1, 1, 1, 1), torch.ones(1, 1, 1, 1)) == {"accuracy": 1}
    assert [o.shape[1] for o in model(data.test.read(slice(0, 2)).inputs)] == [13, 1, 3]


def test_slaws_mean_and_spread_are_those_of_the_three_accuracies() -> None:
    (config, *_) = experiment("slaw-table2").configurations("smoke")
    row = slaw_table2.run(config, "cpu").row
    three = np.array([row[name] for name in slaw_table2.ACCURACIES])
    assert row["accuracy.mean"] == pytest.approx(three.mean())
    assert row["accuracy.std"] == pytest.approx(math.sqrt(((three - three.mean()) ** 2).mean()))
