"""Word pieces: sentences as a pre-trained encoder reads them, with a tokeniser of ``transformers``."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from mtlcore.data.formats.words import Sentence
from mtlcore.tasks.task import UNLABELLED


def tokenizer(name: str) -> Any:
    """The tokeniser of that name, or in that folder.

    Raises
    ------
    ImportError
        ``transformers``, an optional package, is not installed.
    """
    try:
        transformers = import_module("transformers")
    except ImportError as error:
        raise ImportError(
            "word pieces need transformers, an optional package: pip install 'mtlcore[transformers]'"
        ) from error
    return transformers.AutoTokenizer.from_pretrained(name)


def tagged(sentences: Sequence[Sentence], length: int, tokens: Any) -> tuple[Tensor, Tensor]:
    """Word pieces (N, 2, L), ids and segments (all 0), and labels (N, L).

    A word's label stands at its first piece; other pieces, marks and padding have -100. What goes beyond
    ``length`` pieces is cut off; L is the longest that is left.
    """
    rows = [_pieces(sentence, length, tokens) for sentence in sentences]
    longest = max(len(ids) for ids, _ in rows)
    ids = torch.tensor([ids + [tokens.pad_token_id] * (longest - len(ids)) for ids, _ in rows])
    targets = torch.tensor([found + [UNLABELLED] * (longest - len(found)) for _, found in rows])
    return torch.stack([ids, torch.zeros_like(ids)], 1), targets


def _pieces(sentence: Sentence, length: int, tokens: Any) -> tuple[list[int], list[int]]:
    ids, found = [tokens.cls_token_id], [UNLABELLED]
    for word, label in sentence:
        pieces = tokens.convert_tokens_to_ids(tokens.tokenize(word)) or [tokens.unk_token_id]
        ids += pieces
        found += [label] + [UNLABELLED] * (len(pieces) - 1)
    return [*ids[: length - 1], tokens.sep_token_id], [*found[: length - 1], UNLABELLED]


def pairs(first: list[str], second: list[str], length: int, tokens: Any) -> Tensor:
    """Word pieces (N, 2, L) of pairs of sentences: ids, and segments 0 and 1; cut at ``length`` pieces."""
    read = tokens(first, second, truncation=True, max_length=length, padding=True, return_token_type_ids=True)
    return torch.stack([torch.tensor(read[key]) for key in ("input_ids", "token_type_ids")], 1)
