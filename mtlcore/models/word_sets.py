"""A fully connected network on sets of words."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from mtlcore.models.multitask import MultiTaskModel


def word_sets(words: int = 10_000, widths: Sequence[int] = (512, 512)) -> MultiTaskModel:
    """Make the network of the Projection paper's reviews: fully connected layers on a multi-hot vector.

    The vector has an entry for each word of the vocabulary, 1 where the text holds it. The first layer is
    given the numbers of these words instead, and adds up their rows of weights: the same function and the
    same gradient, without the products with zero. ReLU follows each hidden layer. Weights are initialised as
    by Keras' defaults: Glorot's uniform distribution, and zero for biases.

    Parameters
    ----------
    words : int, default 10_000
        Size of the vocabulary.
    widths : sequence of int, default (512, 512)
        Number of units of each hidden layer.

    Returns
    -------
    model : MultiTaskModel
        Input: word numbers (N, L) from 1 to ``words``, no word twice, 0 where there is no further word.
        Output: (N, 1), the log-odds.

    References
    ----------
    Projection paper, Appendix B.5.

    Examples
    --------
    >>> model = mtl.models.word_sets(words=5, widths=(4, 3))
    >>> [output.shape for output in model(torch.tensor([[1, 3, 0], [2, 4, 5]]))]
    [torch.Size([2, 1])]
    """
    layers: list[nn.Module] = [_Sum(words, widths[0]), nn.ReLU()]
    for before, after in pairwise(widths):
        layers += [nn.Linear(before, after), nn.ReLU()]
    trunk, head = nn.Sequential(*layers), nn.Linear(widths[-1], 1)
    for module in (*trunk.modules(), head):
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    return MultiTaskModel(trunk, [head])


class _Sum(nn.EmbeddingBag):
    """A linear layer on a multi-hot vector that is given as word numbers; the row of number 0 stays zero."""

    def __init__(self, words: int, width: int) -> None:
        super().__init__(words + 1, width, mode="sum", padding_idx=0)
        nn.init.xavier_uniform_(self.weight.data[1:])
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, numbers: Tensor) -> Tensor:  # type: ignore[override]
        return super().forward(numbers.int()) + self.bias
