"""Compare two trials of a study, or a trial and a baseline, and test whether the difference is significant.

The tests answer two different questions. Over seeds: would these configurations differ if they were trained again?
Over days: do these forecasts differ by more than the random variation of the days?
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from volopt.baselines.forecasts import SCORED
from volopt.comparison import statistics
from volopt.comparison.comparands import Comparand
from volopt.comparison.statistics import ALPHA, MIN_SEEDS, Estimate
from volopt.definition.schema import Objective
from volopt.errors import StudyError

MIN_DAYS = 10  # with a log error, for the Diebold-Mariano test


class SeedPair(NamedTuple):
    """Hold one common seed, with the objective's metric of each comparand."""

    seed: int
    a: float
    b: float

    @property
    def difference(self) -> float:
        """Return a - b."""
        return self.a - self.b


class DailyComparison(NamedTuple):
    """Hold the Diebold-Mariano test on the squared log errors of the common days."""

    estimate: Estimate  # of loss a - loss b
    loss_a: float  # mean over these days
    loss_b: float


@dataclass(frozen=True)
class Comparison:
    """Hold the differences of two comparands; every difference is a - b."""

    a: Comparand
    b: Comparand
    objective: Objective
    seeds: tuple[SeedPair, ...]
    difference: Estimate | None  # over seeds; None without common seeds, as with a baseline
    daily: Mapping[str, DailyComparison]  # by split

    @property
    def verdict(self) -> str:
        """Return one sentence: which is better, and whether significantly. It does not use the test split."""
        if self.difference is None:
            estimate = self.daily["valid"].estimate
            return self._sentence(estimate, "mean squared log error on the valid days", lower_is_better=True)
        lower_is_better = self.objective.direction == "minimize"
        return self._sentence(self.difference, f"mean {self.objective.metric} over seeds", lower_is_better)

    def _sentence(self, difference: Estimate, metric: str, lower_is_better: bool) -> str:
        a, b = self.a.name, self.b.name
        if difference.effect == 0:
            return f"{a.capitalize()} and {b} have the same {metric}."
        better, worse = (a, b) if (difference.effect < 0) == lower_is_better else (b, a)
        word = "lower" if lower_is_better else "higher"
        size = f"its {metric} is {word} by {abs(difference.effect):.3g}"
        return f"{better.capitalize()} does better than {worse}: {size}; {_significance(difference)}."


def compare(a: Comparand, b: Comparand, objective: Objective) -> Comparison:
    """Compare two comparands over their common seeds and over their common days.

    Raises:
        StudyError: they have too few common days.
    """
    common = sorted(a.scores.keys() & b.scores.keys())
    pairs = [SeedPair(seed, a.scores[seed], b.scores[seed]) for seed in common]
    finite = tuple(pair for pair in pairs if np.isfinite(pair.difference))
    difference = statistics.paired(np.array([pair.difference for pair in finite])) if finite else None
    return Comparison(a, b, objective, finite, difference, {split: _compare_days(a, b, split) for split in SCORED})


def _significance(difference: Estimate) -> str:
    if difference.n < MIN_SEEDS:  # never days: there are at least MIN_DAYS
        return f"{difference.n} seed{'s are' if difference.n > 1 else ' is'} too few to test the difference"
    p = f"p = {difference.p:.2g}" if difference.p >= 0.001 else "p < 0.001"
    return f"the difference is {'' if difference.p < ALPHA else 'not '}significant ({p})"


def _compare_days(a: Comparand, b: Comparand, split: str) -> DailyComparison:
    _, rows_a, rows_b = np.intersect1d(a.losses[split].dates, b.losses[split].dates, return_indices=True)
    losses_a, losses_b = a.losses[split].values[rows_a], b.losses[split].values[rows_b]
    finite = np.isfinite(losses_a - losses_b)
    if finite.sum() < MIN_DAYS:
        raise StudyError(
            f"{a.name} and {b.name} share {finite.sum()} {split} days with a log error, fewer than {MIN_DAYS}",
            "compare two that forecast the same days",
        )
    estimate = statistics.diebold_mariano(losses_a[finite], losses_b[finite])
    return DailyComparison(estimate, float(losses_a[finite].mean()), float(losses_b[finite].mean()))
