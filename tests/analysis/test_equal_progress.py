"""Comparisons at equal progress."""

import pandas as pd
import pytest

from mtlcore.analysis.equal_progress import ratio_at_equal


def curves(seed: int, loss: list[float], sharpness: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"seed": seed, "loss": loss, "sharpness": sharpness})


def test_it_compares_at_the_same_loss_and_not_at_the_same_time() -> None:
    slow = curves(1, [4.0, 2.0], [8.0, 4.0])  # sharpness is 2 loss
    fast = curves(1, [3.0, 1.0, 2.0], [9.0, 3.0, 6.0])  # 3 loss, and not in order
    ratios = ratio_at_equal(fast, slow, "loss", "sharpness")
    assert ratios.to_dict() == pytest.approx({1: 1.5})


def test_seeds_are_paired() -> None:
    both = pd.concat([curves(0, [2.0, 1.0], [2.0, 1.0]), curves(1, [2.0, 1.0], [20.0, 10.0])])
    twice = both.assign(sharpness=2 * both["sharpness"])
    more = pd.concat([twice, curves(2, [2.0, 1.0], [1.0, 1.0])])
    assert ratio_at_equal(more, both, "loss", "sharpness").to_dict() == pytest.approx({0: 2, 1: 2})


def test_runs_without_a_common_loss_are_an_error() -> None:
    with pytest.raises(ValueError, match="seed 3: the two runs have no loss in common"):
        ratio_at_equal(
            curves(3, [4.0, 3.0], [1.0, 1.0]), curves(3, [2.0, 1.0], [1.0, 1.0]), "loss", "sharpness"
        )
