"""Compute how much of their time workers idle because a phase asks for its trials in generations.

    python tests/bench/idle.py [STUDY]

The last phase of STUDY (`search`) draws its trials at random. Each fit takes volopt's estimate of its CPU time, and the
next free worker takes the next fit of the generation. Nothing is trained, so the machine does not matter.
"""

import heapq
import sys
from collections.abc import Sequence

from volopt.definition import load
from volopt.search.plan import _draws, fit_seconds

TRAIN_DAYS = 1300
TRIALS = 60
WORKERS = (1, 2, 4, 8, 16)
BATCHES = (1, 2, 4, 8, TRIALS)


def makespan(fits: Sequence[float], workers: int) -> float:
    """Return when the last fit ends."""
    free = [0.0] * workers
    for seconds in fits:
        heapq.heapreplace(free, free[0] + seconds)
    return max(free)


def idle_share(trials: Sequence[Sequence[float]], workers: int, batch: int) -> float:
    """Return the share of the workers' time in which they have nothing to do."""
    generations = [trials[start : start + batch] for start in range(0, len(trials), batch)]
    total = sum(makespan([seconds for fits in each for seconds in fits], workers) for each in generations)
    return 1 - sum(map(sum, trials)) / (workers * total)


def main(study: str = "search") -> None:
    """Print a table in Markdown."""
    definition = load.load(study)
    draws = _draws(definition.phases[-1], definition)[:TRIALS]
    fits = [[fit_seconds(definition, params, TRAIN_DAYS)] * definition.training.seeds for params in draws]
    print(f"| workers | {' | '.join(f'batch = {batch}' for batch in BATCHES)} |\n{'|---' * (len(BATCHES) + 1)}|")
    for workers in WORKERS:
        shares = [idle_share(fits, workers, batch) for batch in BATCHES]
        print(f"| {workers} | {' | '.join(f'{share:.0%}' for share in shares)} |")


if __name__ == "__main__":
    main(*sys.argv[1:])
