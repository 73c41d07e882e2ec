r"""MTRegression: synthetic regression tasks on one input that differ in the scale of their targets.

.. math:: f_i(x) = \sigma_i \tanh((B + \epsilon_i) x), \qquad \sigma_i = i

Source: SLAW paper, Section 4.1 and Equation 15, after Chen et al. (2018): 10 tasks, 250 inputs, 100
outputs, 9,000 samples for training and 1,000 for testing. The scale of each target is known, and so are the
weights that compensate for it. Details that the paper does not specify, and our choices:

* The entries of B and of the epsilons have standard deviations 10 and 3.5, as in the public code (the paper
  prints N(0, 10) and N(0, 3.5), which could be variances).
* The inputs are 0.01 times standard normal ones, as in the public code (the paper gives no scale). With
  standard normal inputs tanh saturates and nothing can be learned.
* The paper has no validation set; ours is drawn in the same way as the test set.
"""

import numpy as np
import torch
from torch import Tensor

from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.tasks import MultiTaskData, Split, Task


def scales(tasks: int) -> Tensor:
    """Return the scales sigma of the targets.

    Parameters
    ----------
    tasks : int
        Number of tasks T.

    Returns
    -------
    sigma : Tensor, shape (T,), float64
        1, 2, ..., T.
    """
    return torch.arange(1, tasks + 1, dtype=torch.float64)


def ideal_weights(tasks: int) -> Tensor:
    """Return the weights that bring all losses to one scale, 1 / sigma^2.

    Parameters
    ----------
    tasks : int
        Number of tasks T.

    Returns
    -------
    weights : Tensor, shape (T,), float64
        Not normalised.

    References
    ----------
    SLAW paper, Section 4.1.
    """
    return scales(tasks) ** -2


def weight_error(weights: Tensor) -> float:
    """Compute the mean squared error between weights and the ideal ones, both rescaled to sum T.

    Parameters
    ----------
    weights : Tensor, shape (T,)
        Weights of the tasks, with any sum.

    Returns
    -------
    error : float
        Mean over the tasks.

    Notes
    -----
    The rescaling is that of SLAW's public code; the paper's text does not mention it. Without it, weights
    that sum to T = 10 have an error of at least 0.714, because the ideal ones sum to 1.55.

    References
    ----------
    SLAW paper, Section 4.1.

    Examples
    --------
    >>> from mtlcore.data.mtregression import ideal_weights, weight_error
    >>> weight_error(ideal_weights(10))
    0.0
    """
    weights, ideal = weights.double(), ideal_weights(len(weights)).to(weights.device)
    return (len(weights) * (weights / weights.sum() - ideal / ideal.sum())).square().mean().item()


def normalised_loss(losses: Tensor, outputs: int = 100) -> float:
    """Compute the normalised loss: the mean over the tasks of the squared errors divided by sigma^2.

    Parameters
    ----------
    losses : Tensor, shape (T,)
        Mean squared errors of the tasks, means over the outputs.
    outputs : int, default 100
        Number of outputs per task, over which the squared errors are summed as in SLAW's public code.

    Returns
    -------
    loss : float
        NL in the paper's tables.

    References
    ----------
    SLAW paper, Section 4.1.
    """
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
    """Make the data set ``"mtregression"``.

    The functions and each split have random streams of their own, so that their values do not depend on the
    sizes of the other splits.

    Parameters
    ----------
    tasks : int, default 10
        Number of tasks T.
    inputs : int, default 250
        Number of inputs.
    outputs : int, default 100
        Number of outputs per task.
    shared_std : float, default 10.0
        Standard deviation of the entries of B.
    own_std : float, default 3.5
        Standard deviation of the entries of each epsilon.
    input_std : float, default 0.01
        Standard deviation of the inputs.
    train : int, default 9_000
        Number of training samples.
    validation : int, default 1_000
        Number of validation samples.
    test : int, default 1_000
        Number of test samples.
    seed : int, default 0
        Seed of the random streams.

    Returns
    -------
    data : MultiTaskData
        Inputs (N, inputs) and targets (N, outputs) of the tasks ``"1"`` to ``"T"``, all float32.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    SLAW paper, Section 4.1 and Equation 15.
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


DATASETS = (Dataset("mtregression", "ten synthetic regressions whose targets have the scales 1 to 10", make),)
