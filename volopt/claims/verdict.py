"""From numbers over seeds to a verdict: what each kind of claim must show, and how often chance shows it too."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from volopt.comparison import statistics
from volopt.comparison.statistics import ALPHA, FEWEST_SEEDS
from volopt.metrics import Array

Verdict = Literal["supported", "contradicted", "inconclusive", "not run"]


@dataclass(frozen=True)
class ClaimOutcome:
    """What a claim's test found."""

    effect: float
    low: float  # of the 95 % interval
    high: float
    p: float  # of what ``favours`` says, two-sided; not yet corrected for other claims
    n: int  # seeds
    favours: bool  # the effect is on the claim's side
    details: dict[str, float] = field(default_factory=dict)  # further figures, told and not tested

    def verdict(self, p: float) -> Verdict:
        """Return the verdict, given the corrected p."""
        if self.n < FEWEST_SEEDS or not p < ALPHA:
            return "inconclusive"
        return "supported" if self.favours else "contradicted"

    def told(self, **details: float) -> "ClaimOutcome":
        """Return the outcome with further figures."""
        return replace(self, details=self.details | details)

    def shown(self, scale: Callable[[float], float]) -> "ClaimOutcome":
        """Return the outcome with effect and interval on another scale, an increasing function of this one."""
        return replace(self, effect=scale(self.effect), low=scale(self.low), high=scale(self.high))


NOTHING = ClaimOutcome(math.nan, math.nan, math.nan, p=1.0, n=0, favours=False)  # no seed shows what is asked about


def above(values: Array, reference: float = 0.0) -> ClaimOutcome:
    """Judge whether the mean over seeds lies above a reference; a seed without a number is left out.

    Args:
        values: one a seed, shape (seeds,).
        reference: in units of the values.
    """
    return _against(values, reference, above=True)


def below(values: Array, reference: float = 0.0) -> ClaimOutcome:
    """Judge whether the mean over seeds lies below a reference."""
    return _against(values, reference, above=False)


def within(differences: Array, margin: float) -> ClaimOutcome:
    """Judge whether the mean over seeds is equivalent to 0: no further from it than a margin.

    Two one-sided tests for it, and one against it: that the mean is further than the margin.
    """
    known = differences[np.isfinite(differences)]
    if not known.size:
        return NOTHING
    found = statistics.equivalence(known, margin)
    inside = abs(found.effect) < margin
    if not inside:
        found = found._replace(p=statistics.paired(known * np.sign(found.effect) - margin).p)
    return ClaimOutcome(*found, favours=inside)


def most(flags: Array) -> ClaimOutcome:
    """Judge whether something happens in more than half of all seeds, by the exact binomial test.

    Args:
        flags: 1 for each seed in which it happens, else 0; shape (seeds,).
    """
    found = statistics.share(int(flags.sum()), len(flags))
    return ClaimOutcome(*found, favours=found.effect > 0.5)


def more_often(flags: Array, others: Array) -> ClaimOutcome:
    """Judge whether something happens in a larger share of seeds here than there; the effect is the difference."""
    found = statistics.shares(int(flags.sum()), len(flags), int(others.sum()), len(others))
    return ClaimOutcome(*found, favours=found.effect > 0)


def _against(values: Array, reference: float, *, above: bool) -> ClaimOutcome:
    known = values[np.isfinite(values)]
    if not known.size:
        return NOTHING
    found = statistics.paired(known - reference)
    shifted = (found.effect + reference, found.low + reference, found.high + reference)
    return ClaimOutcome(*shifted, p=found.p, n=found.n, favours=(found.effect > 0) == above)
