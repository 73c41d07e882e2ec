"""Numbers as text, and the names of the papers."""

import pandas as pd
import pytest

import mtlcore as mtl
from mtlcore.analysis.summary import interval
from mtlcore.book import paper_vs_ours


def test_texts_have_their_digits_signs_and_dashes():
    means, widths = pd.Series([1.005, -2.0, float("nan")]), pd.Series([0.1, float("nan"), float("nan")])
    assert paper_vs_ours.text(means, widths, digits=1).tolist() == ["1.0 ± 0.1", "-2.0", "–"]
    assert paper_vs_ours.text(means, widths, digits=0, signed=True).tolist() == ["+1 ± 0", "-2", "–"]


def test_differences_are_paired_over_the_seeds():
    rows = pd.DataFrame(
        {
            "preset": "smoke",
            "seed": [0, 1, 0, 1],
            "method": ["Static", "Static", "SLAW", "SLAW"],
            "loss": [1.0, 3.0, 2.0, 4.0],
        }
    )
    table = paper_vs_ours.beside_baseline(rows, "loss", "Static")
    assert table["mean"].to_dict() == {"Static": 2.0, "SLAW": 3.0}
    assert table["difference"].to_dict() == {"Static": "", "SLAW": "+1.00 ± 0.00"}


def test_each_method_is_compared_with_the_next_of_the_order():
    rows = pd.DataFrame(
        {
            "preset": "smoke",
            "seed": [0, 1] * 3,
            "method": ["Static"] * 2 + ["UW"] * 2 + ["SLAW"] * 2,
            "loss": [5.0, 7.0, 4.0, 6.0, 1.0, 3.0],
        }
    )
    steps = paper_vs_ours.beside_next(rows, "loss", ["Static", "UW", "SLAW"])
    assert steps.to_dict() == {"Static": "+1.00 ± 0.00", "UW": "+3.00 ± 0.00"}


def test_the_order_of_slaws_table_1_is_beyond_chance():
    """What the ledger says of the table: constant weights and DWA alike, then a step at each method."""
    rows = mtl.results("slaw-table1", preset="paper")
    order = [m for m in paper_vs_ours.SLAW_TABLE_1 if not m.startswith(("UW", "Static(w"))]
    losses = rows.pivot(index="seed", columns="method", values="test_nl.best")[order]
    steps = losses.diff(-1, axis=1).iloc[:, :-1]
    clear = steps.mean() > steps.apply(interval)
    assert order[:2] == ["Static(scale='sum')", "DWA(pace='step')"]
    assert clear.to_list() == [False, True, True, True]


@pytest.mark.parametrize(
    ("names", "stored", "printed"),
    [
        (paper_vs_ours.SLAW_TABLE_1, "slaw-table1", "slaw-table-1"),
        (paper_vs_ours.RLW_TABLE_3, "rlw-pos", "rlw-table-3"),
    ],
)
def test_the_names_are_those_of_the_paper(names, stored, printed):
    assert set(names.values()) == set(mtl.reported(printed)["method"])
    assert set(names) - {"MOML"} <= set(mtl.results(stored)["method"])
