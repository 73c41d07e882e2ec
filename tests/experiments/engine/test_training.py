"""What an experiment reads from the history of a training."""

from __future__ import annotations

import math

import pandas as pd

from mtlcore.experiments.engine.training import best_epoch


def test_the_best_epoch_is_compared_by_the_same_tasks_in_every_epoch() -> None:
    history = pd.DataFrame(
        {
            "epoch": [1, 2, 3, 4],
            "validation_loss.small": [0.6, 0.5, 0.6, 0.6],
            "validation_loss.large": [5.0, math.nan, 4.0, 4.5],
            "validation_loss.unlabelled": [math.nan] * 4,
        }
    )
    assert best_epoch(history) == 3
