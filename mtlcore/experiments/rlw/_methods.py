"""The methods of the random-weighting paper's tables."""

from mtlcore.methods.losses.rlw import DISTRIBUTIONS

RANDOM = ["RLW(distribution='uniform')", "RLW", *(f"RLW(distribution={d!r})" for d in DISTRIBUTIONS[2:])]
"""A distribution each, in the paper's order; that of RLW itself is the normal one."""

LOSSES = ["Static", "UW", "DWA", "IMTLL", "MOML", "RLW"]
GRADIENTS = ["MGDA", "GradNorm", "PCGrad", "GradDrop", "IMTLG", "GradVac", "CAGrad", "RotoGrad", "RGW"]

AT_FEATURES = ["MGDA(level='features')", *GRADIENTS[1:]]
"""MGDA is its upper bound, MGDA-UB."""

FIFTEEN = [*LOSSES, *AT_FEATURES]
"""Of Tables 1, 6 and 7. UW has one form for all losses, as in the public code."""
