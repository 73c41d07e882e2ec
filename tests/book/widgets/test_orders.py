"""PCGrad's widget: its table is what the method says, in every order."""

import itertools

import numpy as np
import pytest
import torch

import mtlcore as mtl
from mtlcore.book.widgets import Orders, orders

DATA = Orders().data


def from_table(second, third, length, turn):
    """The update by the table's coefficients, as the page computes it."""
    row = DATA["table"][orders.ANGLES.index(second) * len(orders.ANGLES) + orders.ANGLES.index(third)]
    units = np.array([DATA["vectors"][orders.ANGLES.index(angle)] for angle in (0, second, third)])
    total = np.zeros(2)
    for task, size in enumerate((1, 1, length)):
        others = [other for other in turn if other != task]
        first, then = row[4 * task + 2 * (others[0] > others[1]) :][:2]
        total += size * (units[task] + first * units[others[0]] + then * units[others[1]])
    return total


@pytest.mark.parametrize("second", [0, 45, 120, 135, 270])
@pytest.mark.parametrize("third", [30, 90, 210, 225, 345])
def test_the_table_gives_the_updates_at_every_length(second, third):
    for length in orders.LENGTHS:
        shown = Orders(second, third, length)
        for name, turn in orders.TURNS.items():
            exact = shown.updates()[name].numpy()
            assert from_table(second, third, length, turn) == pytest.approx(exact, abs=0.01)


def test_what_the_method_draws_is_among_the_orders():
    shown = Orders(30, 210, 2.0)
    given = shown.gradients()
    rows = [orders.changed(given, orders.met(turn)) for turn in orders.TURNS.values()]
    kept = [torch.stack(pair).unique(dim=0) for pair in zip(*rows, strict=True)]
    possible = [sum(pick) for pick in itertools.product(*kept)]
    seen = []
    for seed in range(60):
        d = mtl.PCGrad(generator=torch.Generator().manual_seed(seed)).direction(given)
        assert min(torch.dist(d, other) for other in possible) < 1e-9
        seen.append(d)
    mean = torch.stack([*shown.updates().values()]).mean(0)
    torch.testing.assert_close(torch.stack(possible).mean(0), mean)
    torch.testing.assert_close(torch.stack(seen).mean(0), mean, atol=0.2, rtol=0)


def test_presets_show_what_their_names_say():
    found = {}
    for name, state in orders.PRESETS.items():
        shown = Orders(*state)
        least = [float((shown.gradients() @ d).min()) for d in shown.updates().values()]
        found[name] = sum(value < -0.005 for value in least)
        if name == "All agree":
            plain = shown.gradients().sum(0)
            assert all(torch.allclose(d, plain) for d in shown.updates().values())
    assert found == {"All agree": 0, "Two conflict": 0, "Order decides": 4, "Every order harms": 6}


def test_first_frame_has_the_updates_of_all_orders():
    text = Orders(135, 225, 1.0, "123").first_frame()
    assert "<th>1, 2, 3</th><td>-0.71</td><td>0.50</td><td>0.50</td>" in text
    assert "<th>mean</th><td>-0.35</td><td>0.25</td><td>0.25</td>" in text
    assert "<th>plain sum</th><td>-0.41</td><td>0.29</td><td>0.29</td>" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"second": 20}, "second is one of 0, 15"), ({"step": 8}, "step lies between 0 and 7, not 8")],
)
def test_it_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        Orders(**arguments)
