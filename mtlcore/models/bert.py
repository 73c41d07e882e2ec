"""Multilingual BERT as trunk, with the package ``transformers``."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Literal

from torch import Tensor, nn

from mtlcore._optional import needed_by
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
    """Make a shared BERT encoder with one linear head per task.

    Parameters
    ----------
    reads : {"words", "sentences"}
        Whether the heads read the features of every word piece, or the pooled features of the first one.
    classes : int
        Number of outputs of every task.
    tasks : int, default 4
        Number of tasks.
    encoder : str or transformers.BertConfig, default "bert-base-multilingual-cased"
        Name or folder of pre-trained weights, or a configuration for random weights.
    dropout : float, default 0.1
        Dropout probability of the features that the heads read.

    Returns
    -------
    model : MultiTaskModel
        Input: word pieces (N, 2, L), int64, ids and segment ids; padding is masked out. Output of every task:
        (N, classes, L) for ``reads="words"``, (N, classes) for ``reads="sentences"``.

    Raises
    ------
    ImportError
        If ``transformers`` is not installed.

    Notes
    -----
    The model uses the eager implementation of attention, because the fused one has no second derivative on
    a GPU, which MOML needs.

    References
    ----------
    Random-weighting paper, Section 5.3.
    """
    with needed_by("BERT", extra="transformers"):
        transformers = import_module("transformers")
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
    """Word pieces (N, 2, L) to features (N, m) of the pooling layer, or (N, m, L) without one."""

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
