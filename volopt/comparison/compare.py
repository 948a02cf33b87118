"""Compare two trials of a study, or a trial and a baseline, and test whether the difference is significant.

The tests answer two different questions. Over seeds: would these configurations differ if they were trained again?
Over days: do these forecasts differ by more than the random variation of the days? One verdict follows from both, with
p-values that are corrected for two tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np

from volopt.baselines.forecasts import SCORED
from volopt.comparison import statistics
from volopt.comparison.comparands import Comparand
from volopt.comparison.statistics import MIN_SEEDS, Estimate
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
class _Test:
    """Hold the test of one metric; ``difference`` is a - b."""

    difference: Estimate
    metric: str
    lower_is_better: bool

    @property
    def better(self) -> Literal["a", "b"] | None:
        if not self.difference.is_significant:
            return None
        return "a" if (self.difference.effect < 0) == self.lower_is_better else "b"

    def corrected(self, p: float) -> "_Test":
        return replace(self, difference=self.difference._replace(p=p))


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
    def better(self) -> Literal["a", "b"] | None:
        """Return which one is better, or None where the tests do not tell. The test split does not matter."""
        winners = {test.better for test in self._tests()} - {None}
        return winners.pop() if len(winners) == 1 else None

    @property
    def verdict(self) -> str:
        """Return the effect that decides, with its interval and p, and what follows from it."""
        tests, better = self._tests(), self.better
        if better is not None:
            decisive = min(tests, key=lambda test: test.difference.p)
            text = f"{self._effect(decisive)}: {getattr(self, better).name} is better"
        elif any(test.better for test in tests):
            effects = ", but ".join(map(self._effect, tests))
            text = f"{effects}: the tests contradict each other, so neither is better"
        else:
            text = f"{self._effect(tests[0])}: they cannot be told apart"
        return f"{text[0].upper()}{text[1:]}."

    def _tests(self) -> list[_Test]:
        """Return the tests that decide: over seeds where these are enough, and over the valid days."""
        days = _Test(self.daily["valid"].estimate, "mean squared log error on the valid days", lower_is_better=True)
        if self.difference is None or self.difference.n < MIN_SEEDS:
            return [days]
        metric = f"mean {self.objective.metric} over {self.difference.n} seeds"
        seeds = _Test(self.difference, metric, lower_is_better=self.objective.direction == "minimize")
        corrected = statistics.holm([test.difference.p for test in (seeds, days)])
        return [test.corrected(p) for test, p in zip((seeds, days), corrected, strict=True)]

    def _effect(self, test: _Test) -> str:
        effect, low, high, *_ = test.difference
        if effect == low == high == 0:
            return f"{self.a.name} and {self.b.name} have the same {test.metric}"
        word, limits = ("higher", (low, high)) if effect > 0 else ("lower", (-high, -low))
        interval = f"95 % interval {limits[0]:.3g} to {limits[1]:.3g}"
        size = f"{abs(effect):.3g} {word} than {self.b.name}'s"
        return f"{self.a.name}'s {test.metric} is {size} ({interval}, {test.difference.p_text})"


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
