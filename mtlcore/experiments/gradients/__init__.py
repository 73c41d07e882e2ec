"""The book's own experiments for its part on gradients."""
