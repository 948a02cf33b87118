"""Prune a trial whose seeds are worse than those of the best trial, by Wilcoxon's signed-rank test."""

from volopt.pruners import Pruner

PRUNER = Pruner("optuna.pruners:WilcoxonPruner", seeds="after", reports="seed")
