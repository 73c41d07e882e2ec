"""Problems in the plane, and what is said of seeds."""

from __future__ import annotations

from itertools import pairwise

import pandas as pd
import pytest
import torch

import mtlcore as mtl
from mtlcore.analysis.summary import differences, interval, summarise
from mtlcore.book.toys import descend, quadratic

TASKS = {"flat": quadratic([1, 0], [1, 4], 30), "steep": quadratic([-1, 0.5], [9, 1], -20)}


@pytest.mark.parametrize("name", mtl.METHODS)
def test_descent_follows_the_methods_direction(name: str) -> None:
    method, twin = mtl.METHODS[name](), mtl.METHODS[name]()
    for m in (method, twin):
        m.seed(0)
    path = descend(TASKS, method, [2, 1.5], lr=0.05, steps=3)
    assert torch.isfinite(path).all()
    if method.sees not in ("losses", "gramian", "jacobian"):
        return
    learned = bool(method.learnable())  # its scales have moved after the first step
    for here, there in pairwise(path[:2] if learned else path):
        jacobian = torch.stack([torch.func.grad(f)(here) for f in TASKS.values()])
        losses = torch.stack([f(here) for f in TASKS.values()])
        expected = twin.weights(losses) @ jacobian if twin.family == "losses" else twin.direction(jacobian)
        torch.testing.assert_close(here - there, 0.05 * expected)


def test_quadratic_has_its_curvatures() -> None:
    hessian = torch.func.hessian(TASKS["steep"])(torch.zeros(2, dtype=torch.float64))
    torch.testing.assert_close(torch.linalg.eigvalsh(hessian), torch.tensor([1.0, 9], dtype=torch.float64))
    assert TASKS["steep"](torch.tensor([-1, 0.5], dtype=torch.float64)) == 0


def test_interval_is_students() -> None:
    values = pd.Series([1.0, 2, 3, 4])
    assert interval(values) == pytest.approx(3.182446305 * values.std() / 2)  # t table, 3 degrees
    assert pd.isna(interval(values[:1]))


def test_summaries_and_paired_differences() -> None:
    rows = pd.DataFrame(
        {
            "method": ["a", "a", "a", "b", "b", "b"],
            "seed": [0, 1, 2, 0, 1, 2],
            "data": "d",
            "value": [1.0, 2, 3, 2, 3.1, 4.2],
        }
    )
    table = summarise(rows, ["method"], "value")
    assert table.loc["a", "mean"] == 2
    assert table.loc["b", "seeds"] == 3
    paired = differences(rows, ["data"], "value", "b", "a")
    assert paired.loc["d", "mean"] == pytest.approx(1.1)
    assert paired.loc["d", "interval"] == pytest.approx(4.302652730 * 0.1 / 3**0.5)
    assert paired.loc["d", "p"] < 0.01
    alone = differences(rows[rows["seed"] == 1], ["data"], "value", "b", "a")
    assert alone.loc["d", "mean"] == pytest.approx(1.1)
    assert alone.loc["d", ["interval", "p"]].isna().all()
