"""BERT as a trunk."""

import pytest
import torch
import torch.nn.functional as F

from mtlcore.models import bert


@pytest.mark.parametrize("reads", ["words", "sentences"])
def test_bert_does_not_read_padding(pretrained: str, reads: str):
    torch.manual_seed(0)
    model = bert(reads, classes=3, tasks=2, encoder=pretrained).eval()
    x = torch.zeros(2, 2, 5, dtype=torch.int64)
    x[:, 0] = torch.tensor([[2, 5, 6, 7, 3], [2, 10, 6, 7, 3]])
    first, second = model((x, F.pad(x, (0, 3))))
    assert first.shape == ((2, 3, 5) if reads == "words" else (2, 3))
    features = model.trunk(x), model.trunk(F.pad(x, (0, 3)))
    assert torch.allclose(features[0], features[1][..., :5] if reads == "words" else features[1], atol=1e-6)
    turned = x.clone()
    turned[:, 1, 3:] = 1
    assert not torch.allclose(model.trunk(turned), features[0]), "segments are read"
    assert second.shape[0] == 2


def test_bert_with_a_random_configuration():
    transformers = pytest.importorskip("transformers", reason="BERT needs mtlcore[transformers]")
    config = transformers.BertConfig(
        vocab_size=9, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    assert bert("words", classes=17, encoder=config).trunk.bert.config.hidden_size == 8
