"""Fannie Mae's loans on small made files: what becomes of a loan in 2010, and what is known before."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import torch
from helpers.small_data import loan_row, loan_rows

import mtlcore as mtl
from mtlcore.data.fannie_mae import NUMBERS, RARE, at_start, read


def features_and_labels(*loans: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    return at_start(read("\n".join(row for rows in loans for row in rows).encode(), "loans.csv"))


FATES = {
    "stays": ({}, (0, 0)),
    "one month late": ({"late": "01"}, (0, 0)),
    "two months late": ({"late": "02"}, (0, 0)),
    "three months late": ({"late": "03"}, (1, 0)),
    "a year late": ({"late": "14"}, (1, 0)),
    "status unknown": ({"late": "XX"}, (0, 0)),
    "repaid": ({"months": 4, "end": "01"}, (0, 1)),
    "repaid, padded": ({"months": 4, "end": "01 "}, (0, 1)),
    "short sale": ({"months": 4, "end": "03"}, (1, 0)),
    "foreclosed": ({"months": 1, "end": "09"}, (1, 0)),
    "repurchased": ({"months": 4, "end": "06"}, None),
    "not seen to the end": ({"months": 11}, None),
}


@pytest.mark.parametrize("fate", FATES)
def test_what_becomes_of_a_loan_in_2010(fate: str) -> None:
    fields, expected = FATES[fate]
    _, labels = features_and_labels(loan_rows(7, **fields), loan_rows(8))
    assert labels.loc["000000000008"].tolist() == [0, 0]
    found = tuple(labels.loc["000000000007"]) if "000000000007" in labels.index else None
    assert found == expected


def test_what_comes_first_counts() -> None:
    late_then_paid = [*loan_rows(1, 5, late="03"), loan_row(1, "062010", end="01")]
    late_then_bought = [*loan_rows(2, 5, late="03"), loan_row(2, "062010", end="06")]
    paid_then_bought = [*loan_rows(3, 5, end="01"), loan_row(3, "062010", end="06")]
    _, labels = features_and_labels(late_then_paid, late_then_bought, paid_then_bought)
    assert labels.to_numpy().tolist() == [[1, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize("fields", [{"late": "03"}, {"late": "XX"}, {"late": "", "end": "01"}])
def test_loans_that_are_not_alive_at_the_start_are_left_out(fields: dict[str, str]) -> None:
    first = loan_row(1, "122009", **fields)
    _, labels = features_and_labels([first, *loan_rows(1)[1:]], loan_rows(2))
    assert labels.index.tolist() == ["000000000002"]


def test_features_are_those_of_december_and_no_status() -> None:
    rows = [row.replace("|1000|", "|999|") if "2010|" in row else row for row in loan_rows(1)]
    rows[0] = rows[0].replace("|00|", "|02|")
    features, _ = features_and_labels(rows, loan_rows(2))
    assert features["balance"].tolist() == [1000, 2000]
    assert not {"loan", "month", "late", "end"} & {*features}


def test_missing_numbers_areas_and_rare_categories() -> None:
    common = [loan_rows(loan) for loan in range(RARE)]
    odd = [loan_row(99, "122009", state="AK", seller="", area="00000", DTI=""), *loan_rows(99)[1:]]
    features, _ = features_and_labels(*common, odd)
    last = features.iloc[-1]
    assert last["missing_DTI"] == 1 and features["missing_DTI"].sum() == 1 and pd.isna(last["DTI"])
    assert last["metropolitan"] == 0 and features["metropolitan"].sum() == RARE
    assert last["state_other"] == 1 and last["state_CA"] == 0 and last["seller_other"] == 1
    assert {*NUMBERS} < {*features} and "missing_balance" not in features


def test_load(loans: Path) -> None:
    data = mtl.load("fannie-mae", loans=30, validation=6, test=7)
    assert [len(split) for split in (data.train, data.validation, data.test)] == [17, 6, 7]
    balances = torch.cat([split.inputs[:, 1] for split in (data.train, data.validation, data.test)])
    assert len(balances.unique()) == 30  # a balance names a loan
    whole = mtl.load("fannie-mae", loans=40, validation=6, test=7, seed=1)
    labels = [torch.cat([s.targets[k] for s in (whole.train, whole.validation, whole.test)]) for k in (0, 1)]
    assert [int(y.sum()) for y in labels] == [8, 8] and not (labels[0] & labels[1]).any()


def test_without_a_file_the_answer_is_the_command(cache: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"draw a sample by python -m mtlcore\.data\.formats\.loan_sample"
    ):
        mtl.load("fannie-mae")
