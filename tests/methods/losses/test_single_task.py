"""SingleTask: which task is the main one, and what is refused."""

from __future__ import annotations

import pytest
import torch

import mtlcore as mtl


@pytest.mark.parametrize(("main", "number"), [(0, 0), (2, 2), (-1, 2), (-3, 0)])
def test_the_main_task_is_counted_from_either_end(main: int, number: int) -> None:
    assert mtl.SingleTask(main=main).weights(torch.ones(3)).tolist() == torch.eye(3)[number].tolist()


@pytest.mark.parametrize("main", [3, -4])
def test_a_main_task_that_is_not_there_is_refused(main: int) -> None:
    with pytest.raises(ValueError, match="there are only 3 tasks"):
        mtl.SingleTask(main=main).weights(torch.ones(3))
