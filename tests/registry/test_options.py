"""Options of methods: what lies just outside their range is refused, their bounds are not."""

from __future__ import annotations

import pytest
from helpers.methods import make


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("CAGrad(c=-0.1)", "c must be a finite number"),
        ("CAGrad(c=1e999)", "c must be a finite number"),
        ("CosSim(lam=-0.1)", "lam must be a finite number"),
        ("CosSim(lam=1e999)", "lam must be a finite number"),
        ("DWA(temperature=0.0)", "temperature must be positive"),
        ("FairGrad(alpha=0.0)", "alpha must be a positive"),
        ("FairGrad(alpha=1e999)", "alpha must be a positive"),
        ("GradDrop(leak=-0.1)", "a leak lies in"),
        ("GradDrop(leak=(0.5, 1.1))", "a leak lies in"),
        ("GradVac(beta=-0.1)", "beta lies in"),
        ("GradVac(beta=1.1)", "beta lies in"),
        ("GradVac(level='features', per='variable')", "features have no variables"),
        ("HydaLearn(beta=-0.1)", "beta not negative"),
        ("HydaLearn(lr=0.0)", "lr and total must be positive"),
        ("HydaLearn(total=0.0)", "lr and total must be positive"),
        ("MGDA(gap=-0.1)", "gap=-0.1 must be"),
        ("MGDA(gap=1e999)", "gap=inf must be"),
        ("MGDA(gap=0.1, level='features')", "at the level of parameters"),
        ("MOML(lr=0.0)", "lr must be positive"),
        ("OLAux(every=0)", "every at least 1"),
        ("OLAux(lr=0.0)", "lr must be positive"),
        ("Orthogonal(smoothing=0.0)", "smoothing lies in"),
        ("Projection(smoothing=1.1)", "smoothing lies in"),
        ("SLAW(beta=0.0)", "beta must lie between"),
        ("SLAW(beta=1.0)", "beta must lie between"),
        ("Static(weights=(1.0, 1e999))", "weights must be finite"),
        ("Static(weights=(1.0, 2.0), scale='sum')", "not both"),
    ],
)
def test_an_option_out_of_its_range_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        make(text)


@pytest.mark.parametrize(
    "text",
    [
        *("CAGrad(c=0.0)", "CosSim(lam=0.0)", "DWA(temperature=1e-3)", "GradDrop(leak=(0.0, 1.0))"),
        *("GradVac(beta=0.0)", "GradVac(beta=1.0)", "HydaLearn(beta=0.0)", "HydaLearn(total=0.5)"),
        *("MGDA(gap=0.0)", "MOML(lr=1e-3)", "OLAux(every=1)", "Projection(smoothing=1.0)"),
    ],
)
def test_the_bounds_of_a_range_belong_to_it(text: str) -> None:
    assert make(text)
