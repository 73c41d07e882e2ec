"""What `python -m mtlcore bench` reports; how fast it is depends on the machine and is not tested."""

import pandas as pd
import pytest
import torch

from mtlcore import bench
from mtlcore.__main__ import main


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "bench.csv"
    before = torch.get_num_threads()
    assert main(["bench", "--quick", "--out", str(path)]) == 0
    assert torch.get_num_threads() == before
    return pd.read_csv(path)


def test_every_limit_is_measured_on_the_networks_it_is_for(report):
    measured = report[report["limit"].notna()]
    times = set(measured[measured["unit"] == "ms"][["network", "step"]].itertuples(index=False))
    losses = {(network, step) for network in ("MLP", "LeNet") for step in ("RLW", "SLAW", "RGW")}
    assert times == losses | {("MLP", "feature Gramian"), ("LeNet", "alignment")}
    assert report.groupby("network")["batch"].nunique().to_dict() == {"LeNet": 2, "MLP": 1}


def test_the_baseline_has_ratio_one_and_all_numbers_are_positive(report):
    assert (report.loc[report["step"] == bench.BASELINE, "ratio"] == 1).all()
    assert (report.loc[report["step"] == bench.PLAIN, "to plain"] == 1).all()
    assert (report[["value", "ratio"]] > 0).all(axis=None)
    assert (report.loc[report["unit"] == "ms", "to plain"] > 0).all()


def test_the_limits_are_those_that_were_promised():
    assert bench.LIMITS["SLAW"] == bench.LIMITS["RLW"] == 1.05
    assert bench.LIMITS["feature Gramian"] == bench.LIMITS["alignment"] == 1.5
    assert bench.MEMORY_LIMIT == 2


@pytest.mark.parametrize("network", ["LeNet", "MLP"])
@pytest.mark.parametrize("name", [bench.BASELINE, "feature Gramian"])
def test_the_steps_do_the_work_of_plain_torch(network, name):
    ends = []
    for step in (bench.PLAIN, name):
        model, batch, tasks = bench.problem(network, 8)
        start = torch.nn.utils.parameters_to_vector(model.trunk.parameters()).detach().clone()
        bench.steps(model, batch, tasks)[step]()
        ends.append(torch.nn.utils.parameters_to_vector(model.trunk.parameters()).detach() - start)
    assert ends[0].norm() > 0
    assert (ends[1] - ends[0]).norm() < 0.01 * ends[0].norm()
