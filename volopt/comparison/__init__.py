"""Compare trials and baselines, paired over seeds and days, with intervals and p-values."""
