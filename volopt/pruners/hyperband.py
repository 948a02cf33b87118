"""Prune by successive halving from several starting points: Hyperband (Li et al. 2018)."""

from volopt.pruners import Pruner

# Hyperband compares by attributes that it wrote into earlier trials: those of the phases that use it.
PRUNER = Pruner(
    "optuna.pruners:HyperbandPruner",
    lambda rung, epochs: {"min_resource": rung, "max_resource": epochs},
    sees_phase=False,
)
