"""Vocabularies of words and characters, and sentences as tensors of ids."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mtlcore.data.formats.conllu import Sentence
from mtlcore.tasks import UNLABELLED

PADDING, UNKNOWN = 0, 1
"""Ids of padding, and of a word or character that is not in the vocabulary. Other ids start at 2."""

CHARACTERS = 12
"""Number of characters per word, from its first; later ones are dropped."""


@dataclass(frozen=True)
class Vocabulary:
    """Ids of words and of characters.

    Parameters
    ----------
    words : dict of str to int
        Ids of words in lower case, from 2 on.
    characters : dict of str to int
        Ids of characters as written, from 2 on.
    """

    words: dict[str, int]
    characters: dict[str, int]

    @classmethod
    def learn(cls, sentences: Iterable[Sentence], least: int = 2) -> Vocabulary:
        """Make a vocabulary of frequent words and characters.

        Parameters
        ----------
        sentences : iterable of Sentence
            The training sentences.
        least : int, default 2
            Keep what occurs at least this often. With 2, the words that occur once train the embedding of
            the unknown word.

        Returns
        -------
        vocabulary : Vocabulary
            Ids in order of decreasing frequency.
        """
        written = [word for sentence in sentences for word, _ in sentence]
        words = Counter(word.lower() for word in written)
        characters = Counter(letter for word in written for letter in word[:CHARACTERS])
        return cls(_number(words, least), _number(characters, least))

    def read(self, sentences: Iterable[Sentence], length: int) -> tuple[Tensor, Tensor]:
        """Encode sentences.

        Parameters
        ----------
        sentences : iterable of Sentence
            N sentences.
        length : int
            Drop later words of a sentence.

        Returns
        -------
        ids : Tensor, shape (N, 13, L), int32
            Per word its id and those of its first 12 characters; 0 for padding. L is the number of words of
            the longest sentence.
        labels : Tensor, shape (N, L), int64
            Labels of the words; -100 for padding.
        """
        short = cut(sentences, length)
        longest = max(map(len, short))
        ids = np.full((len(short), 1 + CHARACTERS, longest), PADDING, np.int32)
        labels = np.full((len(short), longest), UNLABELLED)
        for n, sentence in enumerate(short):
            for position, (word, label) in enumerate(sentence):
                letters = [self.characters.get(letter, UNKNOWN) for letter in word[:CHARACTERS]]
                ids[n, 0, position] = self.words.get(word.lower(), UNKNOWN)
                ids[n, 1 : 1 + len(letters), position] = letters
                labels[n, position] = label
        return torch.from_numpy(ids), torch.from_numpy(labels)


def _number(counts: Counter[str], least: int) -> dict[str, int]:
    """Ids from 2 on for the names that occur often enough, most frequent first."""
    kept = (name for name, count in counts.most_common() if count >= least)
    return {name: number for number, name in enumerate(kept, start=UNKNOWN + 1)}


def cut(sentences: Iterable[Sentence], length: int) -> list[Sentence]:
    """Cut sentences to their first words.

    Parameters
    ----------
    sentences : iterable of Sentence
        The sentences, which are not changed.
    length : int
        Number of words to keep of each.

    Returns
    -------
    short : list of Sentence
        The first ``length`` words of each sentence.
    """
    return [sentence[:length] for sentence in sentences]
