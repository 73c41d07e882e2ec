"""Methods that weight single samples."""
