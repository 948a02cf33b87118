"""Honest baselines beside the trials: fitted on train, scored on the very same days."""
