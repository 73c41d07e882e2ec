"""The methods and pairs of the tables on NYUv2."""

import torch

from mtlcore import Batch, Signals, reported
from mtlcore.data import load
from mtlcore.experiments import vision as pictures
from mtlcore.experiments.rlw import nyuv2 as rlw_nyuv2
from mtlcore.experiments.slaw import table2 as slaw_table2
from mtlcore.models import deeplab


def test_the_methods_are_those_of_the_tables() -> None:
    ours = {"rlw": "rlw-normal", "mgda-ub": "mgda"}
    for number in (1, 6, 7, 8):
        printed = dict.fromkeys(reported(f"rlw-table-{number}")["method"].str.lower())
        assert [ours.get(name, name) for name in printed] == pictures.FIFTEEN
    pairs = [name.lower().split(" + ") for name in reported("rlw-table-4")["method"]]
    together = {f"{ours.get(b, b)}+{ours.get(a, a)}" for a, b in pairs if a != "vanilla" and b != "ew"}
    assert together == rlw_nyuv2.PAIRS.keys()
    five = reported("rlw-table-5").replace(
        {"method": {"RLW": "rlw-normal", "RLW+CAGrad": "rlw-normal+cagrad"}}
    )
    assert set(five["method"].str.lower()) == set(rlw_nyuv2.TABLE_5["method"])
    assert list(dict.fromkeys(five["architecture"].str.lower())) == list(rlw_nyuv2.ARCHITECTURES)
    printed = list(dict.fromkeys(reported("slaw-table-2")["method"].str.lower()))
    assert [{"uncertainty": "uw"}.get(name, name) for name in printed] == list(slaw_table2.METHODS)


def test_every_pair_fills_every_gradient() -> None:
    data = load("made-rooms")
    batch: Batch = data.train.read(slice(0, 4))
    torch.manual_seed(0)
    model = deeplab((13, 1, 3), depth=18, width=2, head_width=2)
    for name, make in rlw_nyuv2.PAIRS.items():
        model.zero_grad()
        pair = make()
        assert pair.losses.scale == "sum", "so that its weights are 1 on average"
        pair.backward(Signals(model, batch, data.tasks))
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters()), name
        model.rotations = None
