"""Every method in the situations of a training loop: right, or refused as the table in the book says."""

from __future__ import annotations

import pytest
from helpers.situations import SITUATIONS, outcome, stored

import mtlcore as mtl

RENEW = "to write the table anew: PYTHONPATH=tests python -m helpers.situations"


def test_the_table_has_every_method_and_situation() -> None:
    assert list(stored()) == list(mtl.METHODS), RENEW
    assert all(list(row) == list(SITUATIONS) for row in stored().values()), RENEW


@pytest.mark.parametrize("text", mtl.METHODS)
@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_table_says_what_happens(situation: str, text: str) -> None:
    assert outcome(text, situation) == stored().get(text, {}).get(situation), RENEW
