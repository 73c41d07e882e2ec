"""Analysis of trained models and of results: curvature, confidence intervals, convergence."""
