"""Words as numbers: a vocabulary of words and characters, and sentences as tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from mtlcore.tasks.task import UNLABELLED

Entry = TypeVar("Entry")
Sentence = list[tuple[str, int]]
"""Words, each with its label."""

PADDING, UNKNOWN = 0, 1
"""Ids of what is no word (or character) and of one that is not in the vocabulary; others start at 2."""

CHARACTERS = 12
"""How many characters of a word are read, its first ones."""


@dataclass(frozen=True)
class Vocabulary:
    """Ids of words (lower case) and of characters (as written)."""

    words: dict[str, int]
    characters: dict[str, int]

    @classmethod
    def learn(cls, sentences: Iterable[Sentence], least: int = 2) -> Vocabulary:
        """The words and characters that occur at least so often, the most frequent first.

        With the default of 2, what occurs once stands for everything unknown, so that its row of an
        embedding is trained.
        """
        written = [word for sentence in sentences for word, _ in sentence]
        words = Counter(word.lower() for word in written)
        characters = Counter(letter for word in written for letter in word[:CHARACTERS])
        return cls(_number(words, least), _number(characters, least))

    def read(self, sentences: Iterable[Sentence], length: int) -> tuple[Tensor, Tensor]:
        """Words (N, 1 + 12, L), int32, and labels (N, L), of the first ``length`` words of sentences.

        A word is its own id, then those of its first characters; L is the number of words of the
        longest sentence. Words are padded with 0, labels with -100.
        """
        short = cut(sentences, length)
        longest = max(map(len, short))
        ids = np.full((len(short), 1 + CHARACTERS, longest), PADDING, np.int32)
        labels = np.full((len(short), longest), UNLABELLED)
        for n, sentence in enumerate(short):
            for place, (word, label) in enumerate(sentence):
                letters = [self.characters.get(letter, UNKNOWN) for letter in word[:CHARACTERS]]
                ids[n, 0, place] = self.words.get(word.lower(), UNKNOWN)
                ids[n, 1 : 1 + len(letters), place] = letters
                labels[n, place] = label
        return torch.from_numpy(ids), torch.from_numpy(labels)


def _number(counts: Counter[str], least: int) -> dict[str, int]:
    kept = (name for name, count in counts.most_common() if count >= least)
    return {name: number for number, name in enumerate(kept, start=UNKNOWN + 1)}


def cut(sentences: Iterable[Sentence], length: int) -> list[Sentence]:
    """The first so many words of every sentence."""
    return [sentence[:length] for sentence in sentences]


def some(sentences: Sequence[Entry], size: int | None, seed: int) -> list[Entry]:
    """So many of the sentences, drawn without replacement and left in their order; None for all."""
    drawn = np.random.default_rng(seed).permutation(len(sentences))[:size]
    return [sentences[i] for i in sorted(drawn)]
