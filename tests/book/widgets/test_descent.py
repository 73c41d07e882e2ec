"""The descent shows paths that the methods take."""

import base64
import zlib

import numpy as np
import pytest
import torch
from helpers.pages import drawing
from numpy.polynomial.polynomial import polyval2d

from mtlcore.book.toys import descend
from mtlcore.book.widgets import Descent, descent, paths
from mtlcore.methods import FAMO, METHODS


@pytest.mark.parametrize("problem", paths.PROBLEMS)
@pytest.mark.parametrize("method", paths.SHOWN)
def test_stored_paths_are_those_of_the_methods(method, problem):
    rng = np.random.default_rng([*f"{method}{problem}".encode()])
    start, unit = (rng.choice(paths.ACROSS), rng.choice(paths.UP)), rng.choice(paths.UNITS)
    _, _, lr, steps = paths.PROBLEMS[problem]
    rule, losses = METHODS[method](scale="mean"), paths.PROBLEMS[problem].losses(unit)
    exact = descend(losses, rule, start, lr, int(steps[-1]))[steps].numpy()
    assert np.abs(paths.look_up(problem, method, unit, start) - exact).max() <= paths.STEP / 2 + 1e-6


@pytest.mark.parametrize("method", ["UW", "SLAW", "PCGrad"])
def test_many_starts_at_once_are_each_alone(method):
    starts = torch.tensor([[0.4, 1.8], [-1.2, 0.2]], dtype=torch.float64)
    for start, path in zip(starts, paths.descents("bowls", method, 8.0, starts), strict=True):
        exact = paths.look_up("bowls", method, 8.0, start.tolist())
        assert np.abs(path - exact).max() <= paths.STEP / 2 + 1e-6


def test_famo_learns_from_the_losses_after_each_step():
    starts = torch.tensor([[0.4, 1.8], [-1.2, 0.2]], dtype=torch.float64)
    _, _, lr, steps = paths.PROBLEMS["bowls"]
    for start, path in zip(starts, paths.descents("bowls", "FAMO", 8.0, starts), strict=True):
        exact = descend(paths.PROBLEMS["bowls"].losses(8.0), FAMO(), start.tolist(), lr, int(steps[-1]))[
            steps
        ]
        assert np.allclose(path, exact, atol=1e-9)


@pytest.mark.parametrize("problem", paths.PROBLEMS)
def test_polynomials_are_the_losses(problem):
    points = np.random.default_rng(0).uniform([-2, -1.2], [2, 2.2], (50, 2))
    for c, task in zip(paths.polynomials(problem), paths.PROBLEMS[problem].losses(1).values(), strict=True):
        assert np.allclose(polyval2d(*points.T, c), task(torch.as_tensor(points)), atol=1e-6)


def test_no_task_can_be_better_than_at_its_minimum():
    for name, minima in descent.MINIMA.items():
        for task, point in enumerate(minima):
            assert descent.losses(name, point)[task] == pytest.approx(0, abs=1e-8)


def test_the_page_gets_the_stored_paths():
    for name, stored in paths.stored().items():
        block = zlib.decompress(base64.b64decode(Descent().data["problems"][name]["paths"]))
        low, high = np.frombuffer(block, np.uint8).reshape(2, -1).astype(np.uint16)
        found = (low | high << 8).view(np.int16).reshape(stored.shape)
        for axis in (1, 2, 3, 4):
            found = found.cumsum(axis, dtype=np.int16)
        assert np.array_equal(found, stored)


def test_what_the_picture_is_to_show():
    start = (0.4, 1.8)
    ends = {name: [paths.look_up("bowls", name, u, start)[-1] for u in (1, 20)] for name in paths.SHOWN}
    moved = {name: np.linalg.norm(here - there) for name, (here, there) in ends.items()}
    assert moved["Static"] > 0.5 and moved["SLAW"] < 0.1


def test_start_moves_to_the_grid():
    widget = Descent(start=[0.31, 1.5])
    assert widget.start == [0.4, 1.4]
    widget.start = [-2, -1.2]
    assert widget.start == [-2, -1]


def test_first_frame_has_the_paths_and_the_losses():
    text = Descent(unit=1).first_frame()
    first, second = descent.losses("bowls", paths.look_up("bowls", "Static", 1, (0.4, 1.8))[-1])
    assert f"<td>{first:.2f}</td><td>{second:.2f}</td>" in text
    assert all(name in drawing(text) for name in ("EW", "SLAW", "PCGrad", "task 1", "task 2"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"start": [0, 3]}, "start is a point with x in"),
        ({"start": [0]}, "start is a point with x in"),
        ({"shown": ["RLW"]}, "no paths of 'RLW'; there are Static"),
        ({"at": 16}, "at lies between 0 and 15, not 16"),
        ({"unit": 4}, "unit is one of 1.0, 3.0, 8.0, 20.0, not 4"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Descent(**arguments)
