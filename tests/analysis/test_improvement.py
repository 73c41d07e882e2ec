"""The mean relative improvement over equal weights, against the papers' own columns."""

import pandas as pd
import pytest

from mtlcore import reported
from mtlcore.analysis.improvement import improvement, relative

NAMES = {
    "mIoU": "miou.segmentation",
    "pixel accuracy": "pixel_accuracy.segmentation",
    "absolute error": "absolute.depth",
    "relative error": "relative.depth",
    "mean angle": "mean.normals",
    "median angle": "median.normals",
    "within 11.25 degrees": "within_11.25.normals",
    "within 22.5 degrees": "within_22.5.normals",
    "within 30 degrees": "within_30.normals",
}


@pytest.mark.parametrize(("file", "rounding"), [("rlw-table-1", 0.02), ("rlw-table-6", 0.19)])
def test_improvement_makes_the_papers_last_column(file: str, rounding: float) -> None:
    printed = reported(file)
    wide = printed.pivot_table(index="method", columns="metric", values="value", sort=False)
    ours = wide.drop(columns="Delta_p").rename(columns=lambda name: "test_" + NAMES[name])
    rows = ours.reset_index().assign(seed=0).replace({"method": {"EW": "Static"}})
    found = improvement(rows, ["method"], "test_")
    assert found.loc["Static", "mean"] == 0 and (found["seeds"] == 1).all()
    theirs = wide["Delta_p"].rename({"EW": "Static"})
    assert (found["mean"] - theirs).abs().max() < rounding
    assert len(found) == 15


def test_improvement_is_against_equal_weights_at_the_same_seed() -> None:
    rows = pd.DataFrame(
        {
            "method": ["Static", "Static", "RGW", "RGW", "RGW"],
            "seed": [0, 1, 0, 1, 2],
            "test_absolute.depth": [1.0, 2.0, 0.5, 2.0, 9.0],
        }
    )
    found = improvement(rows, ["method"], "test_")
    assert found.loc["RGW", ["mean", "seeds"]].tolist() == [25, 2], "seed 2 has no baseline"
    assert improvement(rows, ["method"], "test_", choosing=[0]).loc["RGW", ["mean", "seeds"]].tolist() == [
        0,
        1,
    ]
    assert relative(rows, "test_").tolist() == pytest.approx([0, 0, 50, 0, float("nan")], nan_ok=True)


def test_two_digits_count_alike() -> None:
    accuracies = {"test_accuracy.top-left": [0.5, 0.6], "test_accuracy.bottom-right": [0.8, 0.6]}
    rows = pd.DataFrame({"method": ["Static", "RLW"], "seed": 3} | accuracies)
    assert relative(rows, "test_").tolist() == pytest.approx([0, (20 - 25) / 2])


def test_improvement_is_against_hard_parameter_sharing() -> None:
    rows = pd.DataFrame(
        {"method": "Static", "architecture": ["hps", "mtan"], "seed": 0, "test_miou.segmentation": [0.5, 0.6]}
    )
    found = improvement(rows, ["method", "architecture"], "test_")["mean"]
    assert found.tolist() == pytest.approx([0, 20])
