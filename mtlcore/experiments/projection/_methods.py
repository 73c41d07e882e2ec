"""The methods that the Projection paper compares, as texts with a place for λ."""

from collections.abc import Sequence

from mtlcore.methods import canonical

MULTITASK = "Static(weights=[1, {lam}])"
RULES = ["Projection(", "Orthogonal(", "CosSim(", "CosSim(weighted=True, "]
"""Projection, and the three of Appendix D."""


def compared(scopes: Sequence[str], alphas: Sequence[float]) -> list[str]:
    """Write Projection, Orthogonal and both gradient cosines in all their variants.

    Parameters
    ----------
    scopes : sequence of {"whole", "variable"}
        Over what inner products go.
    alphas : sequence of float
        Weights of the current main gradient in the reference; 1 is no memory.

    Returns
    -------
    methods : list of str
        With a place for λ.
    """
    return [
        f"{rule}lam={{lam}}, per='{per}', smoothing={alpha})"
        for rule in RULES
        for per in scopes
        for alpha in alphas
    ]


def at(lambdas: Sequence[float], *methods: str) -> list[str]:
    """Write methods at each λ, as canonical texts.

    Parameters
    ----------
    lambdas : sequence of float
        Weights of the auxiliary task.
    *methods : str
        With a place for λ.

    Returns
    -------
    texts : list of str
        Each method at all λ, one method after the other.
    """
    return [canonical(method.format(lam=lam)) for method in methods for lam in lambdas]
