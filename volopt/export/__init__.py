"""Export: a study as tables for other programs."""
