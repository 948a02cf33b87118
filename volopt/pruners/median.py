"""Prune a trial that is worse than the median of the others at the same epoch."""

from volopt.pruners import Pruner

WHOLE_TRIALS = 5  # COMPLETE trials of the phase before the first one is pruned

# The first rung prunes no trial.
PRUNER = Pruner(
    "optuna.pruners:MedianPruner",
    lambda rung, epochs: {"n_startup_trials": WHOLE_TRIALS, "n_warmup_steps": rung + 1},
)
