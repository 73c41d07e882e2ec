"""Mortgages on a small made panel: one row a loan, nothing from later, and what is left out."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

import mtlcore as mtl
from mtlcore.data.mortgage import NUMBERS, SAMPLE, loans

LATER = ["default_time", "payoff_time", "lgd_time", "recovery_res", "res_time"]


def quarters(loan: int, first: int, number: int, status: int, **values: float) -> list[dict]:
    """The rows of a loan, of which the last has the status."""
    common = dict.fromkeys([*NUMBERS, *LATER], 1.0) | {
        "state_orig_time": "CA",
        "mat_time": 100,
        "orig_time": 0,
    }
    return [
        common | {"id": loan, "time": first + i, "status_time": status if i == number - 1 else 0} | values
        for i in range(number)
    ]


def panel(*rows: list[dict]) -> pd.DataFrame:
    return pd.DataFrame([row for loan in rows for row in loan])


def test_labels_are_what_happens_within_four_quarters() -> None:
    table = panel(
        quarters(1, 10, 3, 1),
        quarters(2, 10, 5, 1),
        quarters(3, 10, 6, 1),
        quarters(4, 10, 2, 2),
        quarters(5, 10, 9, 0),
        quarters(6, 10, 1, 1),
        quarters(7, 10, 3, 0),
    )
    features, labels = loans(table.sample(frac=1, random_state=0))
    assert labels.to_dict("index") == {
        1: {"default": 1, "prepayment": 0},
        2: {"default": 1, "prepayment": 0},
        3: {"default": 0, "prepayment": 0},
        4: {"default": 0, "prepayment": 1},
        5: {"default": 0, "prepayment": 0},
    }
    assert features.index.tolist() == labels.index.tolist()


def test_features_are_those_of_the_first_quarter_and_none_of_later() -> None:
    table = panel(quarters(1, 10, 3, 1), quarters(2, 20, 6, 0))
    table.loc[(table["id"] == 1) & (table["time"] > 10), ["LTV_time", *LATER]] = 999.0
    features, _ = loans(table)
    assert not {*LATER, "time", "status_time", "id"} & {*features}
    assert not (features == 999.0).any().any()
    assert features["age"].tolist() == [10, 20] and features["to_maturity"].tolist() == [90, 80]


def test_missing_numbers_and_states() -> None:
    table = panel(
        quarters(1, 10, 6, 0, Interest_Rate_orig_time=0.0),
        quarters(2, 10, 6, 0, LTV_time=np.nan, state_orig_time=None),
        quarters(3, 10, 6, 0),
    )
    features, _ = loans(table)
    assert features["Interest_Rate_orig_time"].isna().tolist() == [True, False, False]
    assert features["missing_Interest_Rate_orig_time"].tolist() == [1, 0, 0]
    assert features["missing_LTV_time"].tolist() == [0, 1, 0]
    assert features["state_none"].tolist() == [0, 1, 0] and features["state_CA"].tolist() == [1, 0, 1]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [quarters(k, 10, 2 + k % 7, k % 3, balance_time=float(k)) for k in range(1, 41)]
    text = panel(*rows).to_csv(index=False).encode()
    monkeypatch.setattr(SAMPLE, "read", lambda: text)


@pytest.mark.usefixtures("small")
def test_no_loan_is_in_two_splits_and_all_is_standardised_by_the_training_loans() -> None:
    data = mtl.load("mortgage", validation=8, test=9)
    balances = [split.inputs[:, 0] for split in (data.train, data.validation, data.test)]
    assert len(torch.cat(balances).unique()) == sum(map(len, balances))  # a balance names a loan
    assert (len(balances[1]), len(balances[2])) == (8, 9)
    assert balances[0].mean().abs() < 1e-5
    assert (balances[0].std(correction=0) - 1).abs() < 1e-5
    other = mtl.load("mortgage", validation=8, test=9, seed=1)
    assert not torch.equal(other.train.inputs, data.train.inputs)


@pytest.mark.usefixtures("small")
def test_too_many_loans_are_asked_for() -> None:
    with pytest.raises(ValueError, match="validation and test must leave some of the"):
        mtl.load("mortgage", validation=30, test=30)


def test_the_made_loans_are_rare_and_can_be_told_apart() -> None:
    data = mtl.load("synthetic-loans", train=20_000)
    x, (default, prepayment) = data.train.inputs, data.train.targets
    assert 0.05 < default.float().mean() < 0.15 < prepayment.float().mean() < 0.35
    weights = torch.linalg.lstsq(x, default.float()[:, None]).solution
    fresh = mtl.load("synthetic-loans").test
    assert data.tasks[0].metrics(fresh.inputs @ weights, fresh.targets[0])["auc"] > 0.7
