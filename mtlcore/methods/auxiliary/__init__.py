"""Methods with one main task and auxiliary ones."""
