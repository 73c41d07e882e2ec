"""The methods and pairs of the tables on NYUv2."""

import torch

from mtlcore import Batch, Signals, reported
from mtlcore.data import load
from mtlcore.experiments.rlw import _methods, _scenes
from mtlcore.experiments.rlw import nyuv2 as rlw_nyuv2
from mtlcore.experiments.slaw import table2 as slaw_table2
from mtlcore.methods import Compose, make
from mtlcore.models import deeplab


def test_the_methods_are_those_of_the_tables() -> None:
    ours = {"EW": "Static", "IMTL-L": "IMTLL", "IMTL-G": "IMTLG", "MGDA-UB": "MGDA(level='features')"}
    for number in (1, 6, 7, 8):
        printed = dict.fromkeys(reported(f"rlw-table-{number}")["method"])
        assert [ours.get(name, name) for name in printed] == _methods.FIFTEEN
    pairs = [name.split(" + ") for name in reported("rlw-table-4")["method"]]
    summed = ours | {"RLW": "RLW(scale='sum')"}
    together = {
        f"Compose({summed.get(b, b)}, {ours.get(a, a)})" for a, b in pairs if a != "Vanilla" and b != "EW"
    }
    assert together == set(rlw_nyuv2.PAIRS)
    five = reported("rlw-table-5").replace(
        {"method": {"EW": "Static", "RLW+CAGrad": "Compose(RLW(scale='sum'), CAGrad)"}}
    )
    assert set(five["method"]) == set(rlw_nyuv2.TABLE_5["method"])
    assert list(dict.fromkeys(five["architecture"].str.lower())) == list(_scenes.ARCHITECTURES)
    printed = list(dict.fromkeys(reported("slaw-table-2")["method"]))
    ours = {"Constant": "Static", "Uncertainty": "UW"}
    assert [ours.get(name, name) for name in printed] == [m.partition("(")[0] for m in slaw_table2.METHODS]


def test_every_pair_fills_every_gradient() -> None:
    data = load("synthetic-rooms")
    batch: Batch = data.train.read(slice(0, 4))
    torch.manual_seed(0)
    model = deeplab((13, 1, 3), depth=18, width=2, head_width=2)
    for name in rlw_nyuv2.PAIRS:
        model.zero_grad()
        pair = make(name)
        assert isinstance(pair, Compose)
        assert pair.losses.scale == "sum", "so that its weights are 1 on average"
        pair.backward(Signals(model, batch, data.tasks))
        assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters()), name
        model.rotations = None
