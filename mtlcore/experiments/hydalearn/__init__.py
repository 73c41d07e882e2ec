"""Experiments of the HydaLearn paper, one module a table or figure."""
