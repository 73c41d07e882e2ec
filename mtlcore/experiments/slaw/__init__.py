"""Tables and figures of the SLAW paper."""
