"""Figure 2 of the SLAW paper at smoke size."""

import pytest
import torch

from mtlcore.data import load
from mtlcore.experiments import experiment
from mtlcore.experiments.slaw.figure2 import METHODS, PLAIN, measure, plain_pcgrad
from mtlcore.methods import PCGrad
from mtlcore.models import mlp
from mtlcore.signals import Signals
from mtlcore.tasks import UNLABELLED, Split, average_precision


def test_pcgrad_the_papers_way_is_ours() -> None:
    """Same orders, same update: five tasks in conflict, with missing labels."""
    data = load("synthetic-molecules", tasks=5)
    batch = data.train.read(slice(0, 60))
    torch.manual_seed(0)
    model = mlp((256, 12, 6), (2,) * 5)
    signals = Signals(model, batch, data.tasks)
    assert (signals.gramian() < 0).any()
    gradients = []
    plain_pcgrad(model, batch, data.tasks, torch.Generator().manual_seed(3))
    gradients.append([p.grad.clone() for p in model.parameters()])
    model.zero_grad()
    PCGrad(generator=torch.Generator().manual_seed(3)).backward(signals)
    gradients.append([p.grad.clone() for p in model.parameters()])
    torch.testing.assert_close(*gradients)


def test_figure_2_at_smoke_size(smoke) -> None:
    runs, curves = smoke("slaw-figure2")
    assert len(runs) == 18
    timed = runs["method"] == "plain PCGrad"
    assert runs.loc[timed, "updates"].eq(0).all() and runs.loc[timed, "test_ap.mean"].isna().all()
    trained = runs[~timed]
    assert trained["updates"].eq(8).all()  # two epochs of 773 molecules in batches of 200
    assert trained["tasks_with_ap"].eq(trained["tasks"]).all()
    assert trained[["test_ap.mean", "test_ap.pooled"]].gt(0).all(axis=None)
    assert trained[["test_ap.mean", "test_ap.pooled"]].le(1).all(axis=None)
    assert runs[["step_seconds", "constant_step_seconds", "step_ratio"]].gt(0).all(axis=None)
    assert trained.groupby(["seed", "tasks"])["test_ap.mean"].nunique().gt(1).all()
    assert len(curves) == 2 * len(trained) and curves["validation_ap"].between(0, 1).all()


def test_a_task_without_a_positive_label_is_left_out_of_the_mean() -> None:
    model = mlp((2, 3), (2, 2))
    labels = torch.tensor([1, 0, 1])
    split = Split(torch.eye(3, 2).bool(), (labels, torch.tensor([0, UNLABELLED, 0])))
    found = measure(model, split)
    outputs = model(split.read(slice(None)).inputs)
    assert found["tasks_with_ap"] == 1
    assert found["test_ap.mean"] == average_precision(outputs[0], labels)
    pooled = average_precision(torch.cat(outputs), torch.cat(split.targets))
    assert found["test_ap.pooled"] == pooled


@pytest.mark.parametrize("preset", ["smoke", "laptop", "paper"])
def test_only_the_papers_way_is_never_trained(preset: str) -> None:
    runs = experiment("slaw-figure2").configurations(preset)
    assert {r["method"] for r in runs} == {*METHODS, PLAIN}
    assert all(r["epochs"] == 0 for r in runs if r["method"] == "plain PCGrad")
    trained = {(r["batch_size"], r["epochs"], r["lr"]) for r in runs if r["epochs"]}
    assert len(trained) == 1, "one budget for every method"
