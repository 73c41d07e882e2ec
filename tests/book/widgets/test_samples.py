"""SLGrad's widget: the training is the method's, and what the page looks up is what the method says."""

import base64
import zlib

import numpy as np
import pytest
import torch
from torch import nn

from mtlcore import Batch, MultiTaskModel, Signals, SLGrad, Task
from mtlcore.book.widgets import Samples, samples

DATA = Samples().data


@pytest.mark.parametrize("similarity", samples.SIMILARITIES)
def test_the_training_is_the_method_s(similarity):
    line = nn.Linear(1, 1).double()
    with torch.no_grad():
        line.bias[0], line.weight[0, 0] = samples.START
    model = MultiTaskModel(line, [nn.Identity()])
    labels = torch.tensor(samples.OWN, dtype=torch.float64)
    train, validation = (
        Batch(x[:, None], (y[:, None],)) for x, y in ((samples.INPUTS, labels), samples.VALIDATION.T)
    )
    method, tasks = SLGrad(similarity=similarity), [Task.regression("y")]
    optimizer = torch.optim.SGD(model.parameters(), lr=samples.LR / 2)  # the task's loss is not halved
    for theta, _ in samples.train(similarity):
        assert [line.bias.item(), line.weight.item()] == pytest.approx(theta.tolist(), abs=1e-9)
        optimizer.zero_grad()
        method.backward(Signals(model, train, tasks, validation=validation))
        optimizer.step()


@pytest.mark.parametrize("similarity", samples.SIMILARITIES)
def test_stored_numbers_are_the_method_s(similarity):
    rng = np.random.default_rng([*similarity.encode()])
    for _ in range(40):
        step, sample, at = rng.integers([0, 1, 0], [samples.STEPS + 1, 13, len(samples.LABELS)])
        shown = Samples(similarity, int(step), int(sample), samples.LABELS[at].item())
        alignment, weights = shown.read()
        exact = np.append(weights, alignment[sample - 1])
        found = samples.stored()[list(samples.SIMILARITIES).index(similarity), step, sample - 1, at]
        assert np.abs(found * samples.UNIT - exact).max() <= samples.UNIT / 2 + 1e-9


def test_the_page_gets_the_stored_numbers():
    block = zlib.decompress(base64.b64decode(DATA["table"]))
    low, high = np.frombuffer(block, np.uint8).reshape(2, -1).astype(np.uint16)
    found = (low | high << 8).view(np.int16).reshape(DATA["shape"])
    for axis in (1, 2, 3, 4):
        found = found.cumsum(axis, dtype=np.int16)
    assert np.array_equal(found, samples.stored())


def test_every_label_of_the_training_is_on_the_grid():
    assert set(samples.OWN) <= set(samples.LABELS.tolist())


def test_the_dot_product_gives_wrong_labels_more_than_their_share_and_the_cosine_less():
    dot, cosine = np.array(DATA["shares"])
    assert dot[9:].min() > 0.5 > DATA["equal"] > cosine.max()


def test_a_longer_error_weighs_more_by_the_dot_product_alone():
    for similarity, is_more in (("dot", True), ("cosine", False)):
        near, far = (Samples(similarity, 3, 9, label).read()[1][8] for label in (1.0, 3.0))
        assert (far > near + 1e-9) == is_more


@pytest.mark.parametrize(("label", "found"), [(None, None), (2.3, 2.25), (-3, -3.0), (0.13, 0.25)])
def test_the_label_moves_to_the_grid(label, found):
    assert Samples(label=label).label == found


@pytest.mark.parametrize("label", [3.1, -4, float("nan")])
def test_a_label_outside_the_picture(label):
    with pytest.raises(ValueError, match=r"label lies between -3.0 and 3.0, not"):
        Samples(label=label)


def test_first_frame_shows_the_numbers():
    shown = Samples("cosine", 4, 11, -2.0)
    text = shown.first_frame()
    for number, (alignment, weight) in enumerate(zip(*shown.read(), strict=True), 1):
        name = f"{number} (wrong)" if number in samples.WRONG else number
        assert f"<th>{name}</th><td>{alignment:+.3f}</td><td>{weight:.2f}</td>" in text
