"""End a trial when it is behind the best one beyond chance, block by block."""

from volopt.pruners import Pruner

PRUNER = Pruner(
    "volopt.pruners._race_pruner:RacePruner",
    lambda rung, epochs: {"epochs": epochs, "alpha": 0.1},
    seeds="after",
    reports="block",
)
