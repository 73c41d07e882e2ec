"""The circle shows the paths of the three rules."""

import base64
import zlib

import numpy as np
import pytest

from mtlcore.book.widgets import Circle, paths
from mtlcore.book.widgets import circle as widget
from mtlcore.experiments.projection import figure3 as circle


@pytest.mark.parametrize("optimizer", circle.OPTIMIZERS)
@pytest.mark.parametrize("rule", circle.RULES)
def test_stored_paths_are_those_of_the_rules(rule, optimizer):
    rng = np.random.default_rng([*f"{rule}{optimizer}".encode()])
    starts = [(rng.choice(widget.ACROSS), rng.choice(widget.UP)) for _ in range(20)]
    last = 13  # 220 steps
    exact = circle.descend(circle.RULES[rule], starts, circle.OPTIMIZERS[optimizer], widget.KEPT[last])
    for place, start in enumerate(starts):
        found = widget.look_up(rule, optimizer, start)[: last + 1]
        kept = exact[widget.KEPT[: last + 1], place].numpy()
        assert np.abs(found - kept).max() <= paths.STEP / 2 + 1e-6


def test_the_page_gets_the_stored_paths():
    block = zlib.decompress(base64.b64decode(Circle().data["paths"]))
    low, high = np.frombuffer(block, np.uint8).reshape(2, -1).astype(np.uint16)
    found = (low | high << 8).view(np.int16).reshape(Circle().data["shape"])
    for axis in (1, 2, 3, 4):
        found = found.cumsum(axis, dtype=np.int16)
    assert np.array_equal(found, widget.stored())


def test_projection_ends_on_the_circle_and_multi_task_beside_it():
    """But from the rim opposite (2, 0), where the two gradients are opposite, the pull never turns."""
    ends = {rule: widget.stored()[i, ..., -1, :] * paths.STEP for i, rule in enumerate(circle.RULES)}
    assert (np.abs(ends["Static"] - [12 / 11, 0]).max(-1) < 0.01).mean() > 0.95
    assert (np.abs(ends["Projection"] - [1, 0]).max(-1) < 0.02).mean() > 0.95


def test_start_moves_to_the_grid():
    found = Circle(start=[0.27, -0.44])
    assert found.start == [0.3, -0.5]
    with pytest.raises(ValueError, match=r"x from -1.9 to 1.9 and y from -1.1 to 2.1, not \[2"):
        found.start = [2, 0]
    with pytest.raises(ValueError, match="start is a point"):
        Circle(start=[0.1])
