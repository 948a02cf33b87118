"""What a trial left as a file, as arrays: curves and test forecasts of its seeds; a pruned trial has curves alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from volopt.findings.measures import FLAT
from volopt.metrics import Array
from volopt.search.artifact import Artifact, Days, Seed
from volopt.windows.split import Dates


class Curves(NamedTuple):
    """Losses of one seed, shape (epochs,)."""

    seed: int
    train_mse: Array
    valid_mse: Array
    best_epoch: int | None  # whose weights were kept, from 1; None where training did not end by itself


class Forecasts(NamedTuple):
    """What the finished seeds forecast of the test days, original units."""

    dates: Dates  # shape: (days,)
    actual: Array  # shape: (days,)
    seeds: Array  # shape: (seeds, days)


@dataclass(frozen=True)
class Traces:
    """One trial's; ``flat`` counts the finished seeds whose forecast is a flat line."""

    curves: tuple[Curves, ...]
    forecasts: Forecasts | None
    flat: int

    @property
    def flatness(self) -> str:
        """Return a word about flat lines, or nothing where there are none."""
        count = 0 if self.forecasts is None else len(self.forecasts.seeds)
        if not self.flat:
            return ""
        return "flat line" if self.flat == count else f"flat line in {self.flat} of {count} seeds"


def of_artifact(found: Artifact) -> Traces:
    """Return what an artifact holds."""
    finished = [seed for seed in found.seeds if seed.forecast]
    flatness = [seed.metrics.get("flatness") for seed in finished]
    flat = sum(value is not None and value < FLAT for value in flatness)
    return Traces(tuple(map(_curves, found.seeds)), _forecasts(found.days["test"], finished), flat)


def _curves(seed: Seed) -> Curves:
    train, valid = (np.asarray(losses, dtype=float) for losses in (seed.curves.train_mse, seed.curves.valid_mse))
    best = seed.metrics.get("best_epoch")
    return Curves(seed.seed, train, valid, None if best is None else int(best))


def _forecasts(days: Days, finished: Sequence[Seed]) -> Forecasts | None:
    if not finished:
        return None
    forecasts = np.asarray([seed.forecast["test"] for seed in finished], dtype=float)
    return Forecasts(np.asarray(days.date, "datetime64[D]"), np.asarray(days.actual, dtype=float), forecasts)
