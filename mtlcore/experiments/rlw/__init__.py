"""Tables and figures of the random-weighting paper."""
