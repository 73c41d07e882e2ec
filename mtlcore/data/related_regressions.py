r"""A main and an auxiliary regression whose relation is chosen: same, similar or unrelated.

.. math:: f_\text{main}(x) = \tanh(B x), \qquad f_\text{aux}(x) = \tanh(B_\text{aux} x)

Source: Projection paper, Section 4.4 and Appendix B.3, after Chen et al. (2018): 250 inputs, 100 outputs,
1,000 training samples for each task. The two tasks do not share their inputs: a sample of this data set is a
pair, one input of the main task and one of the auxiliary task. Details that the paper leaves open or prints
differently:

* The entries of the matrices have standard deviations 10 and 3.5, as in the public code (the paper prints
  N(0, 10) and N(0, 3.5), which could be variances).
* The inputs are uniform on [0, 1), as in the public code. The paper prints N(0, 1); with these inputs hardly
  anything can be learned from 1,000 samples.
"""

from typing import Literal, get_args

import numpy as np
import torch

from mtlcore._names import nearest
from mtlcore.data._options import check_options
from mtlcore.data.dataset import Dataset
from mtlcore.tasks import MultiTaskData, Split, Task

Relation = Literal["same", "similar", "unrelated"]
Inputs = Literal["uniform", "normal"]

INPUTS, OUTPUTS = 250, 100
SIZES = {"train": 1_000, "validation": 1_000, "test": 10_000}
"""The paper's sizes of the splits, and the largest ones."""

SHARED_STD, OWN_STD = 10.0, 3.5


def make(
    *,
    auxiliary: Relation = "similar",
    inputs: Inputs = "uniform",
    train: int = SIZES["train"],
    validation: int = SIZES["validation"],
    test: int = SIZES["test"],
    seed: int = 0,
) -> MultiTaskData:
    """Make the data set ``"related-regressions"``.

    All relations have the same inputs and the same main task. With seed 0 the numbers are those of the
    public code; a smaller split is its beginning. In the validation and the test split both tasks have the
    same inputs.

    Parameters
    ----------
    auxiliary : {"same", "similar", "unrelated"}, default "similar"
        The matrix of the auxiliary task: that of the main task, the same plus a smaller one, or another one.
    inputs : {"uniform", "normal"}, default "uniform"
        Uniform on [0, 1), or standard normal.
    train : int, default 1_000
        Number of pairs of training samples, at most 1,000.
    validation : int, default 1_000
        Number of pairs of validation samples, at most 1,000.
    test : int, default 10_000
        Number of pairs of test samples, at most 10,000.
    seed : int, default 0
        Seed of the random streams.

    Returns
    -------
    data : MultiTaskData
        Inputs (N, 2, 250), the main task's and the auxiliary task's, and targets (N, 100) of the tasks
        ``"main"`` and ``"auxiliary"``, all float32.

    Raises
    ------
    ValueError
        If an option is out of range.

    References
    ----------
    Projection paper, Section 4.4 and Appendix B.3.

    Examples
    --------
    >>> data = mtl.load("related-regressions", auxiliary="same", train=5)
    >>> data.train.inputs.shape, [target.shape for target in data.train.targets]
    (torch.Size([5, 2, 250]), [torch.Size([5, 100]), torch.Size([5, 100])])
    """
    sizes = {"train": train, "validation": validation, "test": test}
    check_options(seed=seed, **sizes)
    if large := [name for name, size in sizes.items() if size > SIZES[name]]:
        raise ValueError(f"{large[0]} must be at most {SIZES[large[0]]}, not {sizes[large[0]]}")
    nearest(auxiliary, get_args(Relation), "relation of the auxiliary task")
    nearest(inputs, get_args(Inputs), "distribution of the inputs")
    rng = np.random.RandomState(seed)
    draw = rng.random_sample if inputs == "uniform" else rng.standard_normal
    drawn = [draw((SIZES[name], INPUTS)) for name in ("train", "train", "validation", "test")]
    main, other, difference = (rng.standard_normal((INPUTS, OUTPUTS)) for _ in range(3))
    matrices = {
        "same": SHARED_STD * main,
        "similar": SHARED_STD * main + OWN_STD * difference,
        "unrelated": SHARED_STD * other,
    }

    def split(*pair: np.ndarray) -> Split:
        targets = (np.tanh(x @ b) for x, b in zip(pair, (matrices["same"], matrices[auxiliary]), strict=True))
        inputs = np.stack(pair, axis=1)
        return Split(torch.from_numpy(inputs).float(), tuple(torch.from_numpy(y).float() for y in targets))

    return MultiTaskData(
        "related-regressions",
        split(drawn[0][:train], drawn[1][:train]),
        split(drawn[2][:validation], drawn[2][:validation]),
        split(drawn[3][:test], drawn[3][:test]),
        (Task.regression("main"), Task.regression("auxiliary")),
    )


DATASETS = (
    Dataset("related-regressions", "two synthetic regressions, the same, similar or unrelated", make),
)
