r"""SLGrad's toy example: two regressions with a common basis, and noise on a share of the training labels.

.. math:: f_i(x) = \tanh((B + \epsilon_i) x)

Source: SLGrad paper, Section 4.1 and supplement B1.1. Details that the paper does not specify, and our
choices:

* The numbers under the roots are variances: 1 for the entries of B, 3.5 for those of the epsilons, 2 for the
  noise. The public code has the first two as such.
* Inputs are standard normal, every sigma is 1 and an output is one number, as in the public code.
* The noisy samples of each task are drawn by themselves, as in the public code.

The public code has other labels than the paper: absolute values, and a noisy label is not the label plus
noise but the constant -0.5. ``reading="code"`` makes these.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.tasks import MultiTaskData, Split, Task

INPUTS = 10

VARIANCES = (1.0, 3.5, 2.0)
"""Of the entries of B, of those of each epsilon, and of the noise."""

REPLACED = -0.5
"""What a noisy label is in the public code."""

TASKS = ("main", "auxiliary")


def noisy_labels(*, noise: float, train: int = 1000, seed: int = 0) -> Tensor:
    """Tell which training labels of the data set ``"slgrad-toy"`` are noisy.

    Parameters
    ----------
    noise : float
        Share of the samples, at least 0 and at most 1.
    train : int, default 1000
        Number of training samples.
    seed : int, default 0
        Seed of the data set.

    Returns
    -------
    noisy : Tensor of bool, shape (2, train)
        By task. Both readings have the same ones.

    Raises
    ------
    ValueError
        If an option is out of range.

    Examples
    --------
    >>> from mtlcore.data.slgrad_toy import noisy_labels
    >>> noisy_labels(noise=0.4).sum(1)
    tensor([400, 400])
    """
    if not 0 <= noise <= 1:
        raise ValueError(f"noise is a share from 0 to 1, not {noise}")
    check_options(seed=seed, train=train)
    rng = np.random.default_rng([seed, 0])
    ranks = np.stack([rng.permutation(train) for _ in TASKS])
    return torch.from_numpy(ranks < round(noise * train))


def make(
    *,
    reading: Literal["text", "code"] = "text",
    noise: float = 0.4,
    train: int = 1000,
    validation: int = 200,
    test: int = 200,
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"slgrad-toy"``.

    Parameters
    ----------
    reading : {"text", "code"}, default "text"
        Labels of the paper's text (with noise added), or of the public code (absolute values; noisy labels
        replaced by -0.5).
    noise : float, default 0.4
        Share of the training labels of each task that are noisy (:func:`noisy_labels` tells which).
        Validation and test labels are clean.
    train, validation, test : int, default 1000, 200, 200
        Number of samples.
    seed : int, default 0
        Seed of the functions and of all samples.

    Returns
    -------
    data : MultiTaskData
        Inputs (N, 10) and targets (N, 1) of the tasks ``"main"`` and ``"auxiliary"``.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    SLGrad paper, Equations 8, S.32 and S.33.

    Examples
    --------
    >>> data = mtl.load("slgrad-toy", noise=0.7)
    >>> data.train.inputs.shape, data.train.targets[0].shape
    (torch.Size([1000, 10]), torch.Size([1000, 1]))
    """
    if reading not in ("text", "code"):
        raise ValueError(f"reading is 'text' or 'code', not {reading!r}")
    check_options(seed=seed, train=train, validation=validation, test=test)
    noisy = noisy_labels(noise=noise, train=train, seed=seed).unsqueeze(-1)
    common, own, spread = map(math.sqrt, VARIANCES)
    rng = np.random.default_rng([seed, 1])
    basis = common * rng.standard_normal(INPUTS)
    functions = basis + own * rng.standard_normal((len(TASKS), INPUTS))

    def draw(stream: int, samples: int) -> tuple[Tensor, Tensor]:
        """Inputs (samples, 10), and clean targets (2, samples, 1)."""
        x = np.random.default_rng([seed, stream]).standard_normal((samples, INPUTS))
        y = np.tanh(functions @ x.T)
        y = np.abs(y) if reading == "code" else y
        return torch.from_numpy(x).float(), torch.from_numpy(y).float().unsqueeze(-1)

    inputs, clean = draw(2, train)
    if reading == "code":
        labels = clean.masked_fill(noisy, REPLACED)
    else:
        added = spread * np.random.default_rng([seed, 3]).standard_normal(clean.shape)
        labels = clean + noisy * torch.from_numpy(added).float()
    others = [draw(4, validation), draw(5, test)]
    splits = [Split(x, tuple(y)) for x, y in [(inputs, labels), *others]]
    return MultiTaskData("slgrad-toy", splits[0], splits[1], splits[2], tuple(map(Task.regression, TASKS)))


DATASETS = (Dataset("slgrad-toy", "two regressions by a formula, with noise on a share of the labels", make),)
