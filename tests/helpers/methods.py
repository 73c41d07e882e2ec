"""Methods for the tests that run over the registry: every name, and options other than the defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest
from helpers.gradients import answer, signal_of
from torch import Tensor

import mtlcore as mtl

VARIANTS = [
    *("Static(scale='sum')", "UW(kind='classification')", "DWA(pace='step')", "SLAW(init='zero')"),
    *("FAMO(least=-0.5, scale='sum')", "STCH(mu=0.5, ideal=0.1)"),
    *("RLW(distribution='bernoulli')", "RLW(distribution='dirichlet', scale='sum')"),
    *("MGDA(scale='sum')", "MGDA(level='features')", "MGDA(gap=0.1)", "PCGrad(level='features')"),
    *("IMTLG(sign_fix=True, scale='sum')", "CAGrad(c=1, rescale=2)", "RGW(distribution='bernoulli')"),
    *("FairGrad(alpha=0.5)", "FairGrad(alpha=20.0)"),
    *("GradDrop(leak=0.5)", "GradVac(beta=0.5, per='variable', scale='mean')"),
    *("CosSim(weighted=True)", "CosSim(per='variable')", "CosSim(weighted=True, smoothing=0.1)"),
    *("Orthogonal(per='variable', smoothing=0.1)", "Orthogonal(smoothing=0.5)"),
    *("Projection(per='variable')", "Projection(smoothing=0.5)", "SLGrad(on_empty='uniform')"),
]
TEXTS = [*mtl.METHODS, *VARIANTS]
OF_THREE = [
    "GradDrop(leak=(0.5, 0, 1))",
    "Static(weights=(1.0, 2.0, 3.0))",
    "STCH(preference=(1.0, 2.0, 3.0))",
]  # these fit three tasks only


def make(text: str) -> mtl.methods.Method:
    """The method that a text such as ``"CAGrad(c=1)"`` describes, its draws seeded."""
    method = mtl.methods.make(text)
    method.seed(0)
    return method


def methods(
    applies: Callable[[mtl.methods.Method], bool] = lambda _: True,
    reason: str = "",
    texts: Iterable[str] = TEXTS,
) -> pytest.MarkDecorator:
    """Run a test for the method of each text; where the property does not apply, a skip says why."""
    skip = pytest.mark.skip(reason=reason)
    return pytest.mark.parametrize(
        "text", [text if applies(make(text)) else pytest.param(text, marks=skip) for text in texts]
    )


def answers(method: mtl.Method, jacobian: Tensor, steps: int = 3) -> list[Tensor]:
    """What the method answers in some steps, the signals growing."""
    return [answer(method, (k + 1) * signal_of(method, jacobian)) for k in range(steps)]
