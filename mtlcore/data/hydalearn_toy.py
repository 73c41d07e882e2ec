r"""HydaLearn's two toy examples: a regression with an auxiliary task that helps, or with labels by chance.

.. math:: f_i(x) = \sigma_i \tanh((B + \epsilon_i) x), \qquad \sigma_m = 1, \quad \sigma_a = 10

Source: HydaLearn paper, Section "Simulation Study", Equation 11 and Table 5. Details that the paper does not
specify, and our choices:

* The entries of B and of the epsilons have variances 10 and 3.5, as the text says. (SLAW's code, which
  makes the same functions, has these numbers as standard deviations.)
* The paper gives no scale of the inputs. Standard normal ones saturate tanh: nearly every target is -1 or 1.
  ``scale="moderate"`` keeps the argument of tanh at a standard deviation of 1.7.
* The noise has a tenth of the scale sigma of its task.
* The useless labels are uniform over the range of the main targets of their own split.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.tasks import Metrics, MultiTaskData, Split, Task
from mtlcore.tasks.labels import check_finite, labelled
from mtlcore.tasks.losses import squared_error

INPUTS = {"helpful": 75, "unhelpful": 25}
OUTPUTS = {"helpful": 25, "unhelpful": 5}
SIZES = {"helpful": (10_000, 2_000, 2_000), "unhelpful": (1_000, 200, 200)}
"""Samples for training, validation and testing (Table 5)."""

VARIANCES = (10.0, 3.5)
"""Of the entries of B, and of each epsilon."""

MAIN, AUXILIARY = 1.0, 10.0
"""The scales sigma of the two tasks."""


def absolute_errors(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Absolute errors of the labelled entries, in float64.

    Parameters
    ----------
    outputs, targets : Tensor, both of shape (N, ...)
        Real numbers; a target that is NaN has no label.

    Returns
    -------
    errors : Tensor of float64, shape (number of labelled entries,)
    """
    return (outputs - targets)[labelled(targets)].double().abs()


def make(
    *,
    auxiliary: Literal["helpful", "unhelpful"] = "helpful",
    scale: Literal["unit", "moderate"] = "unit",
    noise: float = 0.1,
    train: int | None = None,
    validation: int | None = None,
    test: int | None = None,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"hydalearn-toy"``.

    Parameters
    ----------
    auxiliary : {"helpful", "unhelpful"}, default "helpful"
        The paper's Exp1, with the auxiliary targets of Equation 11, or its Exp2, with labels by chance.
    scale : {"unit", "moderate"}, default "unit"
        Standard normal inputs, or inputs that do not saturate tanh.
    noise : float, default 0.1
        Standard deviation of the noise of a target, in units of its sigma.
    train, validation, test : int, optional
        Number of samples; by default the paper's.
    seed : int, default 0
        Seed of the functions and of all samples.

    Returns
    -------
    data : MultiTaskData
        Inputs (N, 75) and targets (N, 25), or (N, 25) and (N, 5), of the tasks ``"main"`` and
        ``"auxiliary"``, measured by their mean absolute error ``"mae"``.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    HydaLearn paper, Equation 11 and Table 5.

    Examples
    --------
    >>> data = mtl.load("hydalearn-toy", auxiliary="unhelpful")
    >>> data.train.inputs.shape, data.train.targets[0].shape
    (torch.Size([1000, 25]), torch.Size([1000, 5]))
    """
    if auxiliary not in INPUTS:
        raise ValueError(f"auxiliary is 'helpful' or 'unhelpful', not {auxiliary!r}")
    if scale not in ("unit", "moderate"):
        raise ValueError(f"scale is 'unit' or 'moderate', not {scale!r}")
    if not 0 <= noise < math.inf:
        raise ValueError(f"noise is a finite number of at least 0, not {noise}")
    asked = zip((train, validation, test), SIZES[auxiliary], strict=True)
    sizes = [default if size is None else size for size, default in asked]
    check_options(seed=seed, **dict(zip(("train", "validation", "test"), sizes, strict=True)))
    width, outputs = INPUTS[auxiliary], OUTPUTS[auxiliary]
    input_std = 1.0 if scale == "unit" else 1.7 / math.sqrt(width * sum(VARIANCES))
    rng = np.random.default_rng([seed, 0])
    shared, main, other = (
        math.sqrt(variance) * rng.standard_normal((outputs, width))
        for variance in (VARIANCES[0], VARIANCES[1], VARIANCES[1])
    )

    def split(stream: int, samples: int) -> Split:
        rng = np.random.default_rng([seed, stream])
        x = input_std * rng.standard_normal((samples, width))
        noises = noise * rng.standard_normal((2, samples, outputs))
        targets = MAIN * (np.tanh(x @ (shared + main).T) + noises[0])
        if auxiliary == "helpful":
            second = AUXILIARY * (np.tanh(x @ (shared + other).T) + noises[1])
        else:
            second = rng.uniform(targets.min(), targets.max(), targets.shape)
        labels = tuple(torch.from_numpy(y).float() for y in (targets, second))
        return Split(torch.from_numpy(x).float(), labels)

    metrics = Metrics.mean("mae", absolute_errors, higher_is_better=False)
    tasks = tuple(Task(name, squared_error, metrics, check=check_finite) for name in ("main", "auxiliary"))
    splits = [split(stream, size) for stream, size in enumerate(sizes, start=1)]
    return MultiTaskData("hydalearn-toy", splits[0], splits[1], splits[2], tasks)


DATASETS = (
    Dataset(
        "hydalearn-toy", "a regression with a helpful or a useless auxiliary task, made by a formula", make
    ),
)
