"""Optuna's samplers and pruners under the names of the study file."""
