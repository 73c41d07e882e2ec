"""The book's own experiments for its first chapters."""
