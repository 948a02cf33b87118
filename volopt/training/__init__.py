"""The pure training function and what it takes and returns."""
