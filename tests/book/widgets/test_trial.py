"""HydaLearn's widget: gains are those of the steps, and weights those of the method."""

import numpy as np
import pytest
import torch

from mtlcore import HydaLearn
from mtlcore.book.widgets import Trial, trial

DATA = Trial().data


def test_gains_are_the_metric_after_the_step_minus_before():
    main = trial.TASKS["main"]
    for at, ends in enumerate(DATA["ends"]):
        for task, end in enumerate(ends):
            moved = torch.tensor(end, dtype=torch.float64)
            assert torch.dist(moved, trial.THETA).item() == pytest.approx(trial.LENGTH, abs=2e-3)
            gain = main(trial.THETA) - main(moved)
            assert DATA["gains"][task][at] == pytest.approx(gain.item(), abs=5e-3)


def test_weights_are_the_method_s_and_the_step_is_theirs():
    for (beta, _), weights, steps in zip(DATA["betas"], DATA["weights"], DATA["steps"], strict=True):
        for at, (w, step) in enumerate(zip(weights, steps, strict=True)):
            gains = torch.tensor([task[at] for task in DATA["gains"]])
            assert w == pytest.approx(HydaLearn(beta=beta).weights(gains).tolist(), abs=2e-3)
            moves = np.array(DATA["ends"][at]) - DATA["theta"]
            assert step == pytest.approx((np.array(DATA["theta"]) + w @ moves).tolist(), abs=3e-3)


def test_each_task_is_the_better_one_in_some_batch_and_harmful_in_another():
    gains = np.array(DATA["gains"])
    better = gains.argmax(0)
    assert {*better.tolist()} == {0, 1}
    assert (gains.min(1) < 0).any() and (gains.max(1) > 0).all()


def test_batch_is_one_of_the_directions():
    with pytest.raises(ValueError, match="batch is a multiple of 10 from 0 to 350, not 15"):
        Trial(batch=15)


def test_first_frame_shows_the_gains():
    text = Trial(batch=30, beta=1.0).first_frame()
    at = DATA["angles"].index(30)
    for task, name in enumerate(DATA["names"]):
        gain, weight = DATA["gains"][task][at], DATA["weights"][0][at][task]
        assert f"<th>{name}</th><td>{gain:+.2f}</td><td>{weight:.2f}</td>" in text
