"""A pre-trained encoder as trunk: multilingual BERT, through ``transformers``."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

from torch import Tensor, nn

from mtlcore.models.multitask import MultiTaskModel

MULTILINGUAL = "bert-base-multilingual-cased"
"""Multilingual BERT: 12 layers, 768 features, 104 languages."""


def bert(
    reads: Literal["words", "sentences"],
    classes: int,
    tasks: int = 4,
    encoder: Any = MULTILINGUAL,
    dropout: float = 0.1,
) -> MultiTaskModel:
    """BERT, shared by all tasks, and one linear layer a task (random-weighting paper, Section 5.3).

    Inputs are word pieces (N, 2, L), ids and segments; where an id is that of padding nothing is read.
    Outputs are (N, classes, L), one at every piece, for ``reads="words"``, and (N, classes) from the
    pooled first piece for ``reads="sentences"``, as in the public code. Attention is computed step by step,
    because its fused form has no second derivative on a GPU, and MOML needs one.

    Parameters
    ----------
    encoder : name or folder of pre-trained weights, or a ``transformers.BertConfig`` for random ones.
    dropout : share of the features that are dropped before the heads.

    Raises
    ------
    ImportError : ``transformers``, an optional package, is not installed.
    """
    try:
        transformers = import_module("transformers")
    except ImportError as error:
        raise ImportError(
            "BERT needs transformers, an optional package: pip install 'mtlcore[transformers]'"
        ) from error
    pooled = reads == "sentences"
    make = transformers.BertModel.from_pretrained if isinstance(encoder, str) else transformers.BertModel
    trunk = _Encoder(make(encoder, add_pooling_layer=pooled), dropout)
    trunk.bert.set_attn_implementation("eager")
    features = trunk.bert.config.hidden_size
    heads = [
        nn.Linear(features, classes) if pooled else nn.Conv1d(features, classes, 1) for _ in range(tasks)
    ]
    return MultiTaskModel(trunk, heads)


class _Encoder(nn.Module):
    """Word pieces (N, 2, L) to features (N, m), pooled, or (N, m, L)."""

    def __init__(self, bert: Any, dropout: float) -> None:
        super().__init__()
        self.bert = bert
        self.dropout = nn.Dropout(dropout)

    def forward(self, pieces: Tensor) -> Tensor:
        ids, segments = pieces.unbind(1)
        mask = (ids != self.bert.config.pad_token_id).long()
        read = self.bert(input_ids=ids, token_type_ids=segments, attention_mask=mask)
        pooled = read.pooler_output
        return self.dropout(read.last_hidden_state.transpose(1, 2) if pooled is None else pooled)
