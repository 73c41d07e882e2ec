"""A bidirectional LSTM tagger of words and their characters."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mtlcore.models.multitask import MultiTaskModel


def tagger(
    words: int,
    characters: int,
    classes: int = 17,
    tasks: int = 4,
    embedding: int = 64,
    spelling: int = 32,
    hidden: int = 64,
    dropout: float = 0.33,
) -> MultiTaskModel:
    """Make a shared bidirectional LSTM over words, with one linear head per task at every word.

    The features of a word are its embedding and the maximum over positions of a convolution over its
    characters. The output at a word depends neither on padding nor on the other sentences of the batch.

    Parameters
    ----------
    words : int
        Number of word ids, padding and the unknown word included.
    characters : int
        Number of character ids, padding and the unknown character included.
    classes : int, default 17
        Number of outputs of every task.
    tasks : int, default 4
        Number of tasks.
    embedding : int, default 64
        Size of the word embedding.
    spelling : int, default 32
        Number of features of a word's characters.
    hidden : int, default 64
        Number of LSTM units of each direction.
    dropout : float, default 0.33
        Dropout probability of the features before and after the LSTM.

    Returns
    -------
    model : MultiTaskModel
        Input: ids (N, 1 + C, L), per word its id and those of its C characters, 0 for padding. Output of
        every task: (N, classes, L). Its forward pass raises ValueError for a sentence without words.

    Examples
    --------
    >>> model = mtl.models.tagger(words=10, characters=8, classes=3, tasks=2)
    >>> ids = torch.tensor([[[2, 5, 0], [3, 1, 0], [4, 0, 0]]])  # two words of at most two characters
    >>> [output.shape for output in model(ids)]
    [torch.Size([1, 3, 3]), torch.Size([1, 3, 3])]
    """
    trunk = _Reader(words, characters, embedding, spelling, hidden, dropout)
    return MultiTaskModel(trunk, [nn.Conv1d(2 * hidden, classes, 1) for _ in range(tasks)])


class _Reader(nn.Module):
    """Ids (N, 1 + C, L) of words and characters to features (N, 2 hidden, L)."""

    def __init__(
        self, words: int, characters: int, embedding: int, spelling: int, hidden: int, dropout: float
    ) -> None:
        super().__init__()
        self.words = nn.Embedding(words, embedding)
        nn.init.normal_(self.words.weight, std=0.1)
        self.characters = nn.Embedding(characters, spelling // 2, padding_idx=0)
        self.spelling = nn.Conv1d(spelling // 2, spelling, 3, padding=1)
        self.dropout = nn.Dropout(dropout)
        self.forwards = nn.LSTM(embedding + spelling, hidden, batch_first=True)
        self.backwards = nn.LSTM(embedding + spelling, hidden, batch_first=True)

    def forward(self, ids: Tensor) -> Tensor:
        present = ids[:, 0] > 0  # (N, L): True at words, False at padding
        lengths = present.sum(1, keepdim=True)  # (N, 1)
        if not lengths.all():
            raise ValueError("a sentence without words cannot be tagged; leave it out")
        longest = int(lengths.max())
        padding = ids.shape[2] - longest  # beyond the longest sentence of the batch nothing is computed
        present = present[:, :longest, None]  # (N, longest, 1)

        # Features of the W words of the batch, without padding: an embedding of each word, and the maximum
        # over positions of a convolution over its characters.
        found = ids[..., :longest].transpose(1, 2)[present[..., 0]]  # (W, 1 + C)
        letters = self.characters(found[:, 1:]).transpose(1, 2)  # (W, spelling / 2, C)
        words = torch.cat([self.words(found[:, 0]), self.spelling(letters).amax(2).relu()], 1)

        # Back to one row per sentence, with zeros at padding.
        rows = words.new_zeros(len(ids), longest, words.shape[1])
        rows = rows.masked_scatter(present, self.dropout(words))  # (N, longest, embedding + spelling)

        # An LSTM per direction. For the second, the words of each sentence are reversed in place, so that it
        # reads padding last: position j of a sentence of length l becomes l - 1 - j, modulo longest, so that
        # padding stays behind the words.
        reverse = (lengths - 1 - torch.arange(longest, device=ids.device)) % longest  # (N, longest)
        leftward, _ = self.backwards(_at(rows, reverse))
        features = torch.cat([self.forwards(rows)[0], _at(leftward, reverse)], 2)  # (N, longest, 2 hidden)
        return F.pad(self.dropout(features * present).transpose(1, 2), (0, padding))


def _at(rows: Tensor, positions: Tensor) -> Tensor:
    """Gather rows (N, L, m) at positions (N, L)."""
    return rows.gather(1, positions[..., None].expand(-1, -1, rows.shape[2]))
