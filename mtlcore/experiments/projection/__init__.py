"""Tables and figures of the Projection paper."""
