"""A small tagger, trained from scratch, that reads words and their characters in both directions."""

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
    """A bidirectional LSTM over words, shared by all tasks, and one linear layer a task at every word.

    A word is read as a row of an embedding beside the largest responses of a convolution over its
    characters. Two LSTMs, one a direction, read the words; what stands at a word does not depend on
    padding or on the other sentences. Inputs are ids (N, 1 + C, L): a word, then its characters, 0
    where there is none (the ends of sentences and of words); outputs are (N, classes, L).

    Parameters
    ----------
    words, characters : numbers of ids, padding and unknown ones included.
    embedding, spelling, hidden : features of a word's row, of its characters, and of each direction.
    dropout : share of the features that are dropped before and after the LSTM.

    Raises
    ------
    ValueError : when called, a sentence without words.
    """
    trunk = _Reader(words, characters, embedding, spelling, hidden, dropout)
    return MultiTaskModel(trunk, [nn.Conv1d(2 * hidden, classes, 1) for _ in range(tasks)])


class _Reader(nn.Module):
    """Ids (N, 1 + C, L) to features (N, 2 hidden, L)."""

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
        present = ids[:, 0] > 0
        lengths = present.sum(1, keepdim=True)
        if not lengths.all():
            raise ValueError("a sentence without words cannot be tagged; leave it out")
        longest = int(lengths.max())
        ends = ids.shape[2] - longest
        present = present[:, :longest, None]
        found = ids[..., :longest].transpose(1, 2)[present[..., 0]]
        letters = self.characters(found[:, 1:]).transpose(1, 2)
        read = torch.cat([self.words(found[:, 0]), self.spelling(letters).amax(2).relu()], 1)
        rows = read.new_zeros(len(ids), longest, read.shape[1]).masked_scatter(present, self.dropout(read))
        mirrored = (lengths - 1 - torch.arange(longest, device=ids.device)) % longest
        turned, _ = self.backwards(_at(rows, mirrored))
        features = torch.cat([self.forwards(rows)[0], _at(turned, mirrored)], 2)
        return F.pad(self.dropout(features * present).transpose(1, 2), (0, ends))


def _at(rows: Tensor, places: Tensor) -> Tensor:
    """What stands at the places (N, L) of rows (N, L, m)."""
    return rows.gather(1, places[..., None].expand(-1, -1, rows.shape[2]))
