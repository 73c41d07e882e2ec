"""The tagger of words."""

import math

import pytest
import torch
import torch.nn.functional as F

from mtlcore.data import load
from mtlcore.methods import GradVac, PCGrad, RotoGrad, Static
from mtlcore.models import tagger
from mtlcore.signals import Signals
from mtlcore.train import evaluate, fit


@pytest.fixture(scope="module")
def made():
    return load("synthetic-pos", seed=1)


def network(seed: int = 0):
    torch.manual_seed(seed)
    return tagger(400, 40, hidden=16)


def test_tuple_batches_go_through_the_trunk_one_by_one(made):
    model = network().eval()
    batch = made.train.read(slice(0, 6))
    together = model(batch.inputs)
    assert [o.shape for o in together] == [(6, 17, batch.inputs[0].shape[2])] * 4
    for t, x in enumerate(batch.inputs):
        assert torch.allclose(model.heads[t](model.trunk(x)), together[t])
    signals = Signals(model, batch, made.tasks)
    for t, (o, y) in enumerate(zip(together, batch.targets, strict=True)):
        rows = [F.cross_entropy(a[:, b >= 0].T, b[b >= 0]) for a, b in zip(o, y, strict=True)]
        assert signals.losses[t].item() == pytest.approx(torch.stack(rows).mean().item(), rel=1e-5)


def test_padding_and_neighbours_change_nothing(made):
    model = network().eval()
    x = made.train.inputs[0][:8]
    lengths = (x[:, 0] > 0).sum(1)
    whole = model.trunk(F.pad(x, (0, 5)))
    for row, features, length in zip(x, whole, lengths, strict=True):
        alone = model.trunk(row[None, :, :length])[0]
        assert torch.allclose(alone, features[:, :length], atol=1e-6)
        assert (features[:, length:] == 0).all()


def test_every_word_is_read_from_both_sides(made):
    model = network().eval()
    x = made.train.inputs[0][:1, :, :3].clone()
    before = model.trunk(x)
    for changed in (0, 2):
        other = x.clone()
        other[0, 0, changed] = 7
        difference = (model.trunk(other) - before)[0].abs().amax(0)
        assert (difference > 1e-6).all()
    spelled = x.clone()
    spelled[0, 1, 1] = 2 + spelled[0, 1, 1] % 20
    assert not torch.allclose(model.trunk(spelled), before), "characters are read"


def test_a_sentence_without_words_is_refused(made):
    with pytest.raises(ValueError, match="without words"):
        network()(torch.zeros(2, 13, 4, dtype=torch.int32))


def test_the_tagger_learns_made_languages(made):
    torch.manual_seed(0)
    model = tagger(400, 40, dropout=0.1)
    history = fit(
        model,
        made,
        Static(),
        optimizer=lambda p: torch.optim.Adam(p, lr=0.02),
        epochs=12,
        batch_size=20,
        progress=False,
    )
    found = evaluate(model, made.test, made.tasks)
    assert found["f1.one"] > 0.8, "its ending says what a word is"
    assert history["validation_f1.one"].iloc[0] < 0.3 and found["loss.one"] < math.log(6)


@pytest.mark.parametrize("method", [PCGrad, GradVac, RotoGrad], ids=lambda m: m.__name__)
def test_gradient_methods_on_four_inputs(made, method):
    model, batch = network(), made.train.read(slice(0, 8))
    method().backward(Signals(model, batch, made.tasks))
    gradients = [p.grad for p in model.parameters()]
    assert all(g is not None and g.isfinite().all() for g in gradients)
    assert sum(g.abs().sum().item() for g in gradients) > 0
