"""Continue the better half of all trials that reached a step: successive halving, one seed after the other."""

from volopt.pruners import Pruner

# It looks three times: early, after one whole seed, and after two. Seeds differ about as much as good trials do, so
# each further look would lose more of the best trials than it saves.
PRUNER = Pruner(
    "volopt.pruners._halving_pruner:HalvingPruner",
    lambda rung, epochs: {"steps": (2 * rung, epochs, 2 * epochs)},
    seeds="after",
    reports="first seed",
)
