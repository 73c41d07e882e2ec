"""Experiments of the SLGrad paper, one module a table or figure."""
