"""Checks of options that several data sets have, and the choice of a subset."""

from collections.abc import Sequence
from operator import index
from typing import TypeVar

import numpy as np

Entry = TypeVar("Entry")


def check_options(*, seed: int = 0, **sizes: int) -> None:
    """Check that ``seed`` is a whole number from 0 on, and every size one from 1 on.

    Raises
    ------
    ValueError
        If one of them is not; the message names the option.
    """
    for option, value, least in [("seed", seed, 0), *((k, n, 1) for k, n in sizes.items())]:
        try:
            if isinstance(value, bool) or index(value) < least:
                raise TypeError
        except TypeError:
            raise ValueError(f"{option} must be a whole number of at least {least}, not {value!r}") from None


def check_text_options(*, sentences: int | None, validation: int | None, length: int, seed: int) -> None:
    """Check the options of the data sets of sentences, where ``None`` stands for all sentences."""
    given = {"sentences": sentences, "validation": validation}
    check_options(seed=seed, length=length, **{key: n for key, n in given.items() if n is not None})


def subset(entries: Sequence[Entry], size: int | None, seed: int) -> list[Entry]:
    """Draw at most ``size`` entries without replacement and keep their order; all for ``None``."""
    drawn = np.random.default_rng(seed).permutation(len(entries))[:size]
    return [entries[i] for i in sorted(drawn)]
