"""Sentences as word pieces of a pre-trained encoder, with a tokeniser of ``transformers``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from mtlcore._optional import needed_by
from mtlcore.data.formats.conllu import Sentence
from mtlcore.tasks import UNLABELLED


def tokenizer(name: str) -> Any:
    """Load a pre-trained tokeniser of ``transformers``.

    Parameters
    ----------
    name : str
        Name of a pre-trained model, or a folder that contains a tokeniser.

    Returns
    -------
    tokens : transformers.PreTrainedTokenizerBase
        The tokeniser.

    Raises
    ------
    ImportError
        If ``transformers`` is not installed.
    """
    with needed_by("word pieces", extra="transformers"):
        transformers = import_module("transformers")
    return transformers.AutoTokenizer.from_pretrained(name)


def tagged(sentences: Sequence[Sentence], length: int, tokens: Any) -> tuple[Tensor, Tensor]:
    """Encode sentences with one label per word.

    Parameters
    ----------
    sentences : sequence of Sentence
        N sentences.
    length : int
        Cut a sentence to this number of word pieces, special tokens included.
    tokens : transformers.PreTrainedTokenizerBase
        The tokeniser.

    Returns
    -------
    pieces : Tensor, shape (N, 2, L), int64
        Ids of word pieces, and segment ids, all 0. L is the largest number of pieces of a sentence.
    labels : Tensor, shape (N, L), int64
        A word's label at its first piece; -100 at other pieces, special tokens and padding.
    """
    rows = [_pieces(sentence, length, tokens) for sentence in sentences]
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [tokens.pad_token_id] * (longest - len(ids)) for ids, _ in rows])
    targets = torch.tensor([labels + [UNLABELLED] * (longest - len(labels)) for _, labels in rows])
    return torch.stack([ids, torch.zeros_like(ids)], 1), targets


def _pieces(sentence: Sentence, length: int, tokens: Any) -> tuple[list[int], list[int]]:
    """Ids and labels of the pieces of one sentence, from the start token to the separator."""
    ids, labels = [tokens.cls_token_id], [UNLABELLED]
    for word, label in sentence:
        # Some words, such as control characters, have no piece: their label needs one all the same.
        pieces = tokens.convert_tokens_to_ids(tokens.tokenize(word)) or [tokens.unk_token_id]
        ids += pieces
        labels += [label] + [UNLABELLED] * (len(pieces) - 1)
    return [*ids[: length - 1], tokens.sep_token_id], [*labels[: length - 1], UNLABELLED]


def pairs(first: list[str], second: list[str], length: int, tokens: Any) -> Tensor:
    """Encode pairs of sentences.

    Parameters
    ----------
    first, second : list of str
        N sentences each.
    length : int
        Cut a pair to this number of word pieces, special tokens included.
    tokens : transformers.PreTrainedTokenizerBase
        The tokeniser.

    Returns
    -------
    pieces : Tensor, shape (N, 2, L), int64
        Ids of word pieces, and segment ids, 0 for the first and 1 for the second sentence.
    """
    read = tokens(first, second, truncation=True, max_length=length, padding=True, return_token_type_ids=True)
    return torch.stack([torch.tensor(read[key]) for key in ("input_ids", "token_type_ids")], 1)
