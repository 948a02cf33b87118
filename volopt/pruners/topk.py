"""Continue only the best trials after a first look: early discarding (Egele et al. 2024)."""

from volopt.pruners import Pruner

PRUNER = Pruner(
    "volopt.pruners._top_pruner:TopPruner",
    lambda rung, epochs: {"step": rung, "k": 5},
    seeds="after",
    reports="block",
)
