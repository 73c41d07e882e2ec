"""Methods that weight or change the task gradients."""
