"""Cost of a training step."""
