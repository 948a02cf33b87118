"""Optuna hyper-parameter studies for recurrent networks that forecast trading volume."""

__version__ = "0.1.0"
