"""Prune by successive halving from several starting points: Hyperband (Li et al. 2018)."""

from volopt.pruners import Pruner

PRUNER = Pruner(
    "optuna.pruners:HyperbandPruner",
    lambda rung, epochs: {"min_resource": rung, "max_resource": epochs},
)
