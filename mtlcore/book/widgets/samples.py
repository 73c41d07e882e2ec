"""SLGrad on a line through labelled points: each sample's alignment and weight, and a label to drag.

``python -m mtlcore.book.widgets.samples`` computes the stored file anew, in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor

from mtlcore.book import style
from mtlcore.book.widgets import chart, paths
from mtlcore.book.widgets.base import Choice, Number, Widget, colours, html_table, module, still
from mtlcore.methods import SLGrad

FILE = Path(__file__).with_name("samples.npz")
Similarity = Literal["dot", "cosine"]
SIMILARITIES: dict[Similarity, str] = {"dot": "dot product", "cosine": "cosine"}
INPUTS = torch.linspace(-1.5, 1.5, 12, dtype=torch.float64)
OWN = (-1.0, -1.0, 2.25, -0.5, -0.25, -2.0, 0.5, 1.0, 2.75, 1.5, -1.0, 2.0)
"""Labels of the training samples; those of ``WRONG`` are wrong."""
WRONG = (3, 6, 9, 11)
"""Numbers of the samples with a wrong label, from 1."""
VALIDATION = torch.tensor(
    [(-1.4, -1.3), (-1, -0.7), (-0.6, -0.3), (-0.2, 0), (0.2, 0.8), (0.6, 1), (1, 1.2), (1.4, 1.8)],
    dtype=torch.float64,
)
START, LR, STEPS = (-1.5, -1.0), 0.1, 20
EDGE, HIGHEST, QUARTER = 1.6, 3.0, 0.25
"""Largest input and label of the picture, and the distance of two labels of the grid."""
LABELS = torch.arange(-HIGHEST, HIGHEST + QUARTER, QUARTER, dtype=torch.float64)
UNIT = 1 / 1000
"""Unit of the stored numbers."""
COLOURS = {"right": style.TASKS[2], "wrong": style.TASKS[1]}
STEP_TICKS = {float(step): str(step) for step in range(0, STEPS + 1, 5)}
SHARE_TICKS = {share: f"{share:g}" for share in (0.0, 0.5, 1.0)}
NOTE = (
    "Discs have right labels, diamonds wrong ones, and small rings are the validation samples. The line "
    "is the model: an offset and a slope. One label at a time is moved, by pointer or arrow keys; it "
    "changes the weights of this step, while the training had the labels as they were. In the round "
    "picture, the arrow of the validation gradient ∇M shows its direction alone; in the shaded half the "
    "alignment is positive. The other lines are the samples' gradients, relative to the longest, or all "
    "of length 1 for the cosine."
)


class Samples(Widget):
    """SLGrad's weights of twelve samples, some with a wrong label, in a training of a line.

    Parameters
    ----------
    similarity : {"dot", "cosine"}, default "dot"
        What compares a sample's gradient with the validation gradient.
    step : int, default 3
        The step that is shown, from 0 to 20.
    sample : int, default 3
        Number of the sample that is chosen, from 1 to 12.
    label : float, optional
        Its label, from -3 to 3. It moves to the nearest quarter. Default: the one of the training.

    Raises
    ------
    ValueError
        If an argument has another value.

    Notes
    -----
    In a live kernel the arguments are attributes that change with the picture, and the picture with them.
    """

    _esm = module("arrows", "paths", "chart", "player", "samples")
    similarity = Choice(SIMILARITIES)
    step = Number(0, STEPS, 3)
    sample = Number(1, len(OWN), 3)
    label = traitlets.Float(None, allow_none=True).tag(sync=True)

    def content(self) -> dict[str, Any]:
        return _content()

    @traitlets.validate("label")
    def _on_grid(self, proposal: Any) -> float | None:
        label = proposal["value"]
        if label is None:
            return None
        if not -HIGHEST <= label <= HIGHEST:
            raise ValueError(f"label lies between {-HIGHEST} and {HIGHEST}, not {label}")
        return round(label / QUARTER) * QUARTER

    def read(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Compute what is shown, with the method itself.

        Returns
        -------
        alignment, weights : arrays, shape (12,)
            Of every sample.
        """
        labels = torch.tensor(OWN, dtype=torch.float64)
        if self.label is not None:
            labels[self.sample - 1] = self.label
        theta = train(self.similarity)[self.step].theta
        alignment = align(self.similarity, gradients(theta, labels), direction(theta))
        return alignment.numpy(), weigh(alignment).numpy()

    def first_frame(self) -> str:
        shares = enumerate(self.data["shares"][list(SIMILARITIES).index(self.similarity)])
        line = [(COLOURS["wrong"][0], list(shares))]
        picture = chart.draw(line, STEP_TICKS, SHARE_TICKS, ("step", "weight of the wrong labels"))
        alt = (
            f"The weight of {len(WRONG)} wrong labels of {len(OWN)}, over {STEPS} steps of SLGrad with the "
            f"{SIMILARITIES[self.similarity]}"
        )
        rows = [
            [f"{number}{' (wrong)' if number in WRONG else ''}", f"{a:+.3f}", f"{w:.2f}"]
            for number, (a, w) in enumerate(zip(*self.read(), strict=True), 1)
        ]
        return still(picture, alt, html_table(["sample", "alignment", "weight"], rows), f"Step {self.step}.")


class State(NamedTuple):
    """Parameters (2,) before a step, and the weights (12,) of the step."""

    theta: Tensor
    weights: Tensor


def predict(theta: Tensor, x: Tensor) -> Tensor:
    """The line at inputs (N,), as (N,)."""
    return theta[0] + theta[1] * x


def gradients(theta: Tensor, labels: Tensor) -> Tensor:
    """Gradients (..., 12, 2) of half the squared errors of the training samples with labels (..., 12)."""
    return (predict(theta, INPUTS) - labels)[..., None] * torch.stack([torch.ones_like(INPUTS), INPUTS], 1)


def loss(theta: Tensor) -> Tensor:
    """Half the mean squared error on the validation samples."""
    x, y = VALIDATION.T
    return (predict(theta, x) - y).square().mean() / 2


def direction(theta: Tensor) -> Tensor:
    """The validation gradient (2,)."""
    return torch.func.grad(loss)(theta)


def align(similarity: Similarity, samples: Tensor, validation: Tensor) -> Tensor:
    """Alignment (...,) of gradients (..., 2) with the validation gradient (2,)."""
    if similarity == "cosine":
        return torch.nn.functional.cosine_similarity(samples, validation, dim=-1)
    return samples @ validation


def weigh(alignment: Tensor) -> Tensor:
    """SLGrad's weights (12,)."""
    return SLGrad().weights(alignment[None])[0]


@cache
def train(similarity: Similarity) -> list[State]:
    """All steps of a training with SLGrad and the labels as they are, by gradient descent."""
    theta, states = torch.tensor(START, dtype=torch.float64), []
    for _ in range(STEPS + 1):
        found = gradients(theta, torch.tensor(OWN, dtype=torch.float64))
        weights = weigh(align(similarity, found, direction(theta)))
        states.append(State(theta, weights))
        theta = theta - LR * weights @ found
    return states


@cache
def stored() -> paths.Stored:
    """Weights and alignments, (similarities, steps, samples, labels, 13), in units of ``UNIT``.

    The last axis has the weights of all samples if that one has that label, and its own alignment.
    """
    with np.load(FILE) as file:
        return file["table"]


@cache
def _content() -> dict[str, Any]:
    trainings = [train(similarity) for similarity in SIMILARITIES]
    ends = LABELS[[0, -1], None].expand(2, len(OWN))
    edges = torch.tensor([-EDGE, EDGE], dtype=torch.float64)

    def every(read: Callable[[Tensor], Tensor], digits: int) -> list[Any]:
        """What is read at the parameters of every step."""
        found = [[read(state.theta).tolist() for state in states] for states in trainings]
        return np.round(found, digits).tolist()

    return {
        "similarities": list(SIMILARITIES.items()),
        "x": INPUTS.numpy().round(4).tolist(),
        "own": list(OWN),
        "wrong": [number in WRONG for number in range(1, len(OWN) + 1)],
        "validation": VALIDATION.tolist(),
        "labels": LABELS.tolist(),
        "edge": EDGE,
        "table": paths.packed(stored()),
        "shape": stored().shape,
        "unit": UNIT,
        "lines": every(lambda theta: predict(theta, edges), 3),
        "gradients": every(lambda theta: gradients(theta, ends), 4),
        "directions": every(lambda theta: torch.nn.functional.normalize(direction(theta), dim=0), 4),
        "losses": every(loss, 4),
        "shares": [[share(state.weights) for state in states] for states in trainings],
        "equal": len(WRONG) / len(OWN),
        "xTicks": list(STEP_TICKS.items()),
        "yTicks": list(SHARE_TICKS.items()),
        "colours": list(COLOURS.values()),
        "accent": colours("SLGrad"),
        "note": NOTE,
    }


def share(weights: Sequence[float] | Tensor) -> float:
    """Weight of the wrong labels."""
    return round(sum(float(weights[number - 1]) for number in WRONG), 4)


def compute() -> paths.Stored:
    """Compute what is stored."""
    tables = torch.stack([_table(similarity) for similarity in SIMILARITIES])
    return np.round(tables.numpy() / UNIT).astype(np.int16)


def _table(similarity: Similarity) -> Tensor:
    """What is stored of one similarity, (steps, samples, labels, 13)."""
    steps = []
    for theta, _ in train(similarity):
        validation = direction(theta)
        own = align(similarity, gradients(theta, torch.tensor(OWN, dtype=torch.float64)), validation)
        moved = align(similarity, gradients(theta, LABELS[:, None].expand(-1, len(OWN))), validation)
        every = own.expand(len(OWN), len(LABELS), -1).clone()
        for sample in range(len(OWN)):
            every[sample, :, sample] = moved[:, sample]
        weights = torch.stack([weigh(alignment) for alignment in every.flatten(0, 1)]).view_as(every)
        steps.append(torch.cat([weights, moved.T[..., None]], -1))
    return torch.stack(steps)


if __name__ == "__main__":
    np.savez_compressed(FILE, table=compute())
