"""Two trials of a study, or a trial and a baseline: which is better, and is that beyond chance?

Two questions are asked, and they are not the same. Over seeds: would these configurations differ if trained again?
Over days: do these very forecasts differ by more than the days' luck?
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from volopt.comparison import statistics
from volopt.comparison.comparands import Comparand
from volopt.comparison.evidence import SPLITS
from volopt.comparison.statistics import ALPHA, FEWEST_SEEDS, Estimate
from volopt.definition.schema import Objective
from volopt.errors import StudyError

FEWEST_DAYS = 10


class SeedPair(NamedTuple):
    """One seed that both sides have, with the objective's metric of each."""

    seed: int
    a: float
    b: float

    @property
    def difference(self) -> float:
        """Return a - b."""
        return self.a - self.b


class DailyComparison(NamedTuple):
    """The Diebold-Mariano test on the squared log errors of the days that both sides have."""

    estimate: Estimate  # of loss a - loss b
    loss_a: float  # mean over these days
    loss_b: float


@dataclass(frozen=True)
class Comparison:
    """What two sides differ by; every difference is a - b."""

    a: Comparand
    b: Comparand
    objective: Objective
    seeds: tuple[SeedPair, ...]
    difference: Estimate | None  # over seeds; None where they share none, as with a baseline
    daily: Mapping[str, DailyComparison]  # by split

    @property
    def verdict(self) -> str:
        """Return one sentence: who is better, and whether it is beyond chance; of the test split it knows nothing."""
        if self.difference is None:
            found = self.daily["valid"].estimate
            return self._sentence(found, "mean squared log error on the valid days", True, _chance(found))
        metric, lower = self.objective.metric, self.objective.direction == "minimize"
        end = _chance(self.difference) if self.difference.n >= FEWEST_SEEDS else _too_few(self.difference.n)
        return self._sentence(self.difference, f"mean {metric} over seeds", lower, end)

    def _sentence(self, found: Estimate, figure: str, lower: bool, end: str) -> str:
        a, b = self.a.name, self.b.name
        if found.effect == 0:
            return f"{a.capitalize()} and {b} have the same {figure}."
        better, worse = (a, b) if (found.effect < 0) == lower else (b, a)
        word = "lower" if lower else "higher"
        return (
            f"{better.capitalize()} does better than {worse}: its {figure} is {word} by {abs(found.effect):.3g}, {end}."
        )


def compare(a: Comparand, b: Comparand, objective: Objective) -> Comparison:
    """Compare two sides: over the seeds that both have, and over the days that both have.

    Raises:
        StudyError: they share too few days.
    """
    common = sorted(a.scores.keys() & b.scores.keys())
    pairs = [SeedPair(seed, a.scores[seed], b.scores[seed]) for seed in common]
    finite = tuple(pair for pair in pairs if np.isfinite(pair.difference))
    difference = statistics.paired(np.array([pair.difference for pair in finite])) if finite else None
    return Comparison(a, b, objective, finite, difference, {split: _daily(a, b, split) for split in SPLITS})


def _chance(found: Estimate) -> str:
    if found.p < ALPHA:
        return f"and that is beyond chance ({f'p = {found.p:.2g}' if found.p >= 0.001 else 'p < 0.001'})"
    return f"but that is not beyond chance (p = {found.p:.2g})"


def _too_few(seeds: int) -> str:
    return f"but {seeds} seed{'s are' if seeds > 1 else ' is'} too few to tell this from chance"


def _daily(a: Comparand, b: Comparand, split: str) -> DailyComparison:
    (dates_a, all_a), (dates_b, all_b) = a.losses[split], b.losses[split]
    _, rows_a, rows_b = np.intersect1d(dates_a, dates_b, return_indices=True)
    losses_a, losses_b = all_a[rows_a], all_b[rows_b]
    finite = np.isfinite(losses_a - losses_b)
    if finite.sum() < FEWEST_DAYS:
        raise StudyError(
            f"{a.name} and {b.name} share {finite.sum()} {split} days with a log error, fewer than {FEWEST_DAYS}",
            "compare two that forecast the same days",
        )
    estimate = statistics.diebold_mariano(losses_a[finite], losses_b[finite])
    return DailyComparison(estimate, float(losses_a[finite].mean()), float(losses_b[finite].mean()))
