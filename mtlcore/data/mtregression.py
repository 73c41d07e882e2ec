r"""MTRegression: regressions on one input that differ in the scale of their targets, made from a seed.

.. math:: f_i(x) = \sigma_i \tanh((B + \epsilon_i) x), \qquad \sigma_i = i

Source: SLAW paper, Section 4.1 and Equation 15, after Chen et al. (2018): 10 tasks, 250 inputs, 100
outputs, 9,000 samples for training and 1,000 for testing. The constant part of a target's scale is
known, and so are the weights that undo it. What the paper leaves open, and our reading:

* the entries of B and of the epsilons have standard deviations 10 and 3.5, as in the public code
  (the paper prints N(0, 10) and N(0, 3.5), which could be variances);
* the inputs are 0.01 times standard normal ones, as in the public code (the paper is silent). With
  standard normal inputs tanh is always at one of its ends, and nothing can be learned;
* the paper has no validation set; here is one of its own, drawn as the test set is.
"""

import numpy as np
import torch
from torch import Tensor

from mtlcore.data.dataset import Dataset
from mtlcore.data.overlay import check_options
from mtlcore.tasks.batch import MultiTaskData, Split
from mtlcore.tasks.task import Task


def scales(tasks: int) -> Tensor:
    """(T,) scales sigma of the targets: 1, 2, ..., T."""
    return torch.arange(1, tasks + 1, dtype=torch.float64)


def ideal_weights(tasks: int) -> Tensor:
    """(T,) weights that bring every loss to one scale, 1 / sigma^2 (SLAW paper, Section 4.1)."""
    return scales(tasks) ** -2


def weight_error(weights: Tensor) -> float:
    """Mean squared difference between weights (T,) and the ideal ones, both brought to sum T.

    As in SLAW's public code. The paper's text does not rescale; then weights that sum to T could not
    come closer than 0.714 (T = 10) to ideal ones that sum to 1.55.
    """
    weights, ideal = weights.double(), ideal_weights(len(weights)).to(weights.device)
    return (len(weights) * (weights / weights.sum() - ideal / ideal.sum())).square().mean().item()


def normalised_loss(losses: Tensor, outputs: int = 100) -> float:
    """NL of mean squared errors (T,): their mean over the tasks, each divided by its sigma^2, summed over
    the outputs (SLAW paper, Section 4.1; the sum over the outputs is the public code's)."""
    return outputs * (losses.double() * ideal_weights(len(losses)).to(losses.device)).mean().item()


def make(
    *,
    tasks: int = 10,
    inputs: int = 250,
    outputs: int = 100,
    shared_std: float = 10.0,
    own_std: float = 3.5,
    input_std: float = 0.01,
    train: int = 9_000,
    validation: int = 1_000,
    test: int = 1_000,
    seed: int = 0,
) -> MultiTaskData:
    """Inputs (N, inputs) and targets (N, outputs) of the tasks "1" to "T", all float32.

    ``shared_std`` and ``own_std`` are the spreads of the entries of B and of each epsilon, ``input_std``
    that of the inputs. The functions and each split have their own streams of random numbers, so that
    the size of a split changes nothing else.
    """
    check_options(
        seed=seed,
        tasks=tasks,
        inputs=inputs,
        outputs=outputs,
        train=train,
        validation=validation,
        test=test,
    )
    rng = np.random.default_rng([seed, 0])
    shared = shared_std * rng.standard_normal((outputs, inputs))
    functions = [shared + own_std * rng.standard_normal((outputs, inputs)) for _ in range(tasks)]

    def split(stream: int, samples: int) -> Split:
        x = input_std * np.random.default_rng([seed, stream]).standard_normal((samples, inputs))
        targets = (s * np.tanh(x @ f.T) for s, f in zip(scales(tasks).tolist(), functions, strict=True))
        return Split(torch.from_numpy(x).float(), tuple(torch.from_numpy(y).float() for y in targets))

    names = (str(i + 1) for i in range(tasks))
    return MultiTaskData(
        "mtregression",
        split(1, train),
        split(2, validation),
        split(3, test),
        tuple(Task.regression(name) for name in names),
    )


DATASETS = (Dataset("mtregression", "ten regressions on scales from 1 to 10, made from a seed", make),)
