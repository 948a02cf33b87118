"""Turn numbers over seeds into a verdict: test each kind of claim, and its opposite."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from volopt.comparison import statistics
from volopt.comparison.statistics import ALPHA, MIN_SEEDS
from volopt.metrics import Array

Verdict = Literal["supported", "contradicted", "inconclusive", "not run"]


@dataclass(frozen=True)
class ClaimOutcome:
    """Hold the result of a claim's test."""

    effect: float
    low: float  # of the 95 % interval
    high: float
    p: float  # two-sided, of the direction in ``favours``; not yet corrected for other claims
    n: int  # seeds
    favours: bool  # the effect has the direction that the claim says
    details: dict[str, float] = field(default_factory=dict)  # further figures, printed but not tested

    def verdict(self, p: float) -> Verdict:
        """Return the verdict, given the corrected p."""
        if self.n < MIN_SEEDS or not p < ALPHA:
            return "inconclusive"
        return "supported" if self.favours else "contradicted"

    def with_details(self, **details: float) -> "ClaimOutcome":
        """Return the outcome with further figures."""
        return replace(self, details=self.details | details)

    def rescaled(self, scale: Callable[[float], float]) -> "ClaimOutcome":
        """Return the outcome with effect and interval on another scale, an increasing function of the present one."""
        return replace(self, effect=scale(self.effect), low=scale(self.low), high=scale(self.high))


NO_SEEDS = ClaimOutcome(math.nan, math.nan, math.nan, p=1.0, n=0, favours=False)  # no seed has the measure


def mean_above(values: Array, reference: float = 0.0) -> ClaimOutcome:
    """Test whether the mean over seeds lies above a reference; seeds with NaN are left out.

    Args:
        values: one for each seed, shape (seeds,).
        reference: in units of the values.
    """
    return _test_mean(values, reference, above=True)


def mean_below(values: Array, reference: float = 0.0) -> ClaimOutcome:
    """Test whether the mean over seeds lies below a reference; seeds with NaN are left out."""
    return _test_mean(values, reference, above=False)


def mean_within(differences: Array, margin: float) -> ClaimOutcome:
    """Test whether the mean over seeds is equivalent to 0, no further from it than a margin.

    If the mean is inside the margin, p comes from two one-sided tests for equivalence. Otherwise p comes from the test
    that the mean lies beyond the margin.
    """
    finite = differences[np.isfinite(differences)]
    if not finite.size:
        return NO_SEEDS
    estimate = statistics.equivalence(finite, margin)
    inside = abs(estimate.effect) < margin
    if not inside:
        estimate = estimate._replace(p=statistics.paired(finite * np.sign(estimate.effect) - margin).p)
    return ClaimOutcome(*estimate, favours=inside)


def majority(flags: Array) -> ClaimOutcome:
    """Test whether more than half of all seeds have a property, by the exact binomial test.

    Args:
        flags: 1 for each seed that has it, else 0; shape (seeds,).
    """
    estimate = statistics.proportion(int(flags.sum()), len(flags))
    return ClaimOutcome(*estimate, favours=estimate.effect > 0.5)


def more_frequent(flags: Array, others: Array) -> ClaimOutcome:
    """Test whether a larger proportion of ``flags`` than of ``others`` is 1; the effect is the difference."""
    estimate = statistics.proportion_difference(int(flags.sum()), len(flags), int(others.sum()), len(others))
    return ClaimOutcome(*estimate, favours=estimate.effect > 0)


def _test_mean(values: Array, reference: float, *, above: bool) -> ClaimOutcome:
    finite = values[np.isfinite(values)]
    if not finite.size:
        return NO_SEEDS
    estimate = statistics.paired(finite - reference)
    outcome = ClaimOutcome(*estimate, favours=(estimate.effect > 0) == above)
    return outcome.rescaled(lambda difference: difference + reference)
