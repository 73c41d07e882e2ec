"""Every method in the situations of a training loop: right, or refused as the table in the book says."""

from __future__ import annotations

import pytest
from helpers.situations import SITUATIONS, outcome, stored

import mtlcore as mtl

RENEW = "to write the table anew: PYTHONPATH=tests python -m helpers.situations"


def test_the_table_has_every_method_and_situation() -> None:
    assert list(stored()) == list(mtl.METHODS), RENEW
    assert all(list(row) == list(SITUATIONS) for row in stored().values()), RENEW


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_table_says_what_happens(situation: str) -> None:
    said = {text: row.get(situation) for text, row in stored().items()}
    assert {text: outcome(text, situation) for text in mtl.METHODS} == said, RENEW
