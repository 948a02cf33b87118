"""Prune no trial."""

from volopt.pruners import Pruner

PRUNER = Pruner("optuna.pruners:NopPruner", seeds="freely")
