"""Methods that weight the task losses."""
