"""State with a row for each task: its size, its refusals, and a part of it."""

from __future__ import annotations

import pytest
import torch
from helpers.gradients import signal_of
from helpers.methods import TEXTS, make, methods

import mtlcore as mtl


def with_rows(method: mtl.Method) -> bool:
    return any(rows is not None for rows in method._rows.values())


@methods(with_rows, "keeps no state of tasks", [*TEXTS, "GradVac(per='variable')"])
def test_another_number_of_tasks_is_refused_in_one_sentence(text: str) -> None:
    method = make(text)

    def ask(tasks: int) -> None:
        jacobian = torch.randn(tasks, 6, dtype=torch.float64)
        if method.sees == "jacobian":
            method.direction(jacobian, [2, 4])
        else:
            method.weights(signal_of(method, jacobian))

    ask(3)
    state = {name: tensor.clone() for name, tensor in method._state().items()}
    with pytest.raises(
        ValueError, match=rf"this {type(method).__name__} has seen 3 tasks and now sees 4; \w+"
    ):
        ask(4)
    for name, tensor in method._state().items():
        assert torch.equal(tensor.nan_to_num(-1), state[name].nan_to_num(-1))
    ask(3)
    method.reset()
    ask(4)


class Counting(mtl.methods.LossBalancing):
    """A rule with every kind of state."""

    def __init__(self) -> None:
        super().__init__()
        self.add_state("seen", 7)
        self.add_state("pairs", shape="square")
        self.add_state("vectors", 1, shape="rows", learned=True)
        self.register_buffer("steps", torch.zeros(()))

    def rule(self, losses: torch.Tensor) -> torch.Tensor:
        self.steps += 1
        self.seen = self.seen + 1
        tasks = len(losses)
        self.pairs = losses[:, None] * losses + (self.pairs if len(self.pairs) else 0)
        if not len(self.vectors):
            self.vectors.data = torch.ones(tasks, 2, dtype=torch.float64)
        self.vectors.data += losses[:, None]
        return torch.ones_like(losses)


def test_a_part_of_the_tasks_changes_its_rows_alone() -> None:
    """From the first step on, when nothing has a size yet."""
    method, kept = Counting(), [0, 2]
    method._meet(3, torch.device("cpu"))
    part = method._alone(kept, 3)
    part.weights(torch.tensor([1.0, 2.0]))
    assert method.seen.tolist() == [7, 7, 7]
    assert method.steps == 0
    method._take_from(part, kept, 3)
    assert method.steps == 1
    assert method.seen.tolist() == [8, 7, 8]
    assert method.pairs.tolist() == [[1, 0, 2], [0, 0, 0], [2, 0, 4]]
    assert method.vectors.tolist() == [[2, 2], [1, 1], [3, 3]]
    method.weights(torch.ones(3))
    assert method.pairs.tolist() == [[2, 1, 3], [1, 1, 1], [3, 1, 5]]
    part = method._alone([1], 3)
    assert (part.pairs.tolist(), part.vectors.tolist()) == ([[1]], [[2, 2]])


def test_state_of_a_part_of_gradvac_by_variable() -> None:
    method, jacobian = mtl.GradVac(per="variable", beta=0.5), torch.randn(3, 5)
    part = method._alone([0, 2], 3)
    part.direction(jacobian[[0, 2]], [2, 3])
    method._take_from(part, [0, 2], 3)
    assert method.targets.shape == (2, 3, 3)
    assert torch.equal(method.targets[:, [0, 2]][..., [0, 2]], part.targets)
    assert not method.targets[:, 1].any()
    assert not method.targets[..., 1].any()
