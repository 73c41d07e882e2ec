"""The ledger: every table and figure of every paper, and what stands against our numbers."""

import pandas as pd
import pytest
from helpers.files import BUILT

from mtlcore import results
from mtlcore.analysis.summary import interval, summarise
from mtlcore.book.ledger import LEDGER, STAND_IN, VERDICTS
from mtlcore.experiments import EXPERIMENTS
from mtlcore.experiments.engine.reported import names

ITEMS = {
    "slaw": (["Table 1", "Table 2", "Appendix C"], 3),
    "rlw": ([f"Table {i}" for i in range(1, 9)], 3),
    "slgrad": ([f"Table {i}" for i in range(1, 7)], 7),
    "hydalearn": ([f"Table {i}" for i in range(1, 8)], 5),
    "projection": (["Table 1"], 15),
}
ENTRIES = [(paper, entry) for paper, entries in LEDGER.items() for entry in entries]
each_entry = pytest.mark.parametrize(
    "entry", [entry for _, entry in ENTRIES], ids=[f"{paper}-{entry.item}" for paper, entry in ENTRIES]
)
PAGE = BUILT / "book" / "ledger.html"


@pytest.mark.parametrize("paper", ITEMS)
def test_no_table_and_no_figure_of_a_paper_is_missing(paper):
    tables, figures = ITEMS[paper]
    assert list(LEDGER) == list(ITEMS)
    assert [e.item for e in LEDGER[paper]] == tables + [f"Figure {i}" for i in range(1, figures + 1)]


def test_every_file_is_in_the_ledger_under_its_own_item():
    shown = {numbers.file for _, entry in ENTRIES for numbers in entry.theirs}
    own = {f"{paper}-{entry.item.lower().replace(' ', '-')}": entry for paper, entry in ENTRIES}
    assert shown == set(names())
    for name in names():
        assert name in [numbers.file for numbers in own[name].theirs]


@each_entry
def test_an_entry_says_what_there_is_or_why_not(entry):
    if entry.access == "none":
        assert not (entry.data or entry.criterion or entry.reason or entry.ours)
    else:
        assert entry.data and entry.criterion
        assert entry.reason or not entry.ours.table().empty
    assert "|" not in f"{entry.shows}{entry.data}{entry.criterion}{entry.reason}"
    for theirs in entry.theirs:
        assert bool(theirs.by) == bool(theirs.lines()) == bool(theirs.what)


OURS = [(entry.item, entry.ours) for _, entry in ENTRIES if entry.ours]


@pytest.mark.parametrize(("item", "ours"), OURS, ids=[f"{ours.experiment}-{item}" for item, ours in OURS])
def test_our_side_names_an_experiment_a_preset_and_its_axes(item, ours):
    (first, *_) = EXPERIMENTS[ours.experiment.removesuffix(".curves")].configurations(ours.preset)
    assert {*ours.by, *ours.where} <= first.keys()
    assert ours.what
    stored = not ours.table().empty
    assert stored == bool(ours.verdict) == bool(ours.because), f"the verdict on {ours.experiment}, {item}"
    assert ours.verdict in (None, *VERDICTS)
    assert bool(ours.stand_in) == (ours.verdict in STAND_IN)


def test_our_numbers_are_the_means_of_the_stored_rows():
    (entry,) = [entry for entry in LEDGER["rlw"] if entry.item == "Figure 1"]
    rows = results("rlw-figure1", "laptop")
    expected = summarise(rows, ["data", "method"], "test_accuracy.mean")
    pd.testing.assert_frame_equal(entry.ours.table(), expected)
    one = rows.query("data == 'multi-mnist' and method == 'RLW'")["test_accuracy.mean"]
    shown = dict(entry.ours.lines()["multi-mnist"])["RLW"]
    assert shown == f"{100 * one.mean():.2f} ± {100 * interval(one):.2f} %"
    assert entry.ours.source() == f"± 95% interval, {len(one)} seeds, preset laptop"
    assert entry.status() == entry.ours.verdict


@pytest.mark.book
@pytest.mark.skipif(not PAGE.exists(), reason="needs the built book in _build/html: make book")
def test_the_page_has_a_row_for_every_entry():
    tables = PAGE.read_text(encoding="utf-8").split("<tbody>")[1:]
    assert [table.partition("</tbody>")[0].count("<tr") for table in tables] == [
        len(entries) for entries in LEDGER.values()
    ]
