"""The HTML report of a study: one file that needs nothing else."""
