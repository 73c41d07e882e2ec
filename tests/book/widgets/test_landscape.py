"""The landscape shows the stored paths, which are those of the methods."""

import base64
import zlib

import numpy as np
import pytest
import torch

from mtlcore.book.widgets import Landscape, paths
from mtlcore.book.widgets import landscape as widget
from mtlcore.experiments.gradients import landscape
from mtlcore.methods import canonical


@pytest.mark.parametrize("name", ["Static", "SLAW", "PCGrad", "CAGrad"])
@pytest.mark.parametrize("optimizer", landscape.OPTIMIZERS)
def test_stored_paths_are_those_of_the_methods(name, optimizer):
    last = 9  # 80 steps
    method = canonical(f"{name}(scale='mean')")
    starts = list(landscape.STARTS.values())
    exact = landscape.descend(method, starts, optimizer, 0.1, landscape.KEPT[last])[
        landscape.KEPT[: last + 1]
    ]
    found = widget.look_up(name, optimizer, 0.1)[:, : last + 1]
    assert np.abs(found - exact.transpose(0, 1).numpy().clip(*widget.X)).max() <= paths.STEP / 2 + 1e-4


def test_the_page_gets_the_stored_paths():
    block = zlib.decompress(base64.b64decode(Landscape().data["paths"]))
    low, high = np.frombuffer(block, np.uint8).reshape(2, -1).astype(np.uint16)
    found = (low | high << 8).view(np.int16).reshape(Landscape().data["shape"])
    for axis in (1, 2, 3, 4):
        found = found.cumsum(axis, dtype=np.int16)
    assert np.array_equal(found, widget.stored())


def test_distances_are_those_of_the_ends():
    away = np.reshape(Landscape().data["away"], (*widget.stored().shape[:3], 3))
    ends = torch.as_tensor(widget.stored()[..., -1, :] * paths.STEP).reshape(-1, 2)
    found = landscape.distance(ends).reshape(away.shape)
    near = away < 1  # elsewhere the valley is too steep for rounded points
    assert near.mean() > 0.4 and np.abs(found - away)[near].max() < 0.05


def test_it_knows_its_methods():
    assert Landscape(shown=["PCGrad"]).shown == ["PCGrad"]
    with pytest.raises(ValueError, match="no paths of 'RotoGrad'; there are Static, UW"):
        Landscape(shown=["RotoGrad"])


def test_first_frame_has_the_distances():
    text = Landscape("SGD", 0.3, ["Static"]).first_frame()
    away = widget.rows().query("name == 'Static' and optimizer == 'SGD' and lr == 0.3").iloc[0]
    assert f"<th>EW</th><td>{away['distance.upper left']:.2f}</td>" in text
