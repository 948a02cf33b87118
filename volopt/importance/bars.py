"""The result: shares with their intervals, and whether chance could change their order."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from volopt.metrics import Array

TAILS = (0.025, 0.975)  # quantiles of the draws at which the 95 % intervals end
ERRORS_WIDE = 3.92  # width of a 95 % interval of a normal distribution, in standard errors
SETTLED, SETTLED_Z = 0.8, 0.8416  # share of draws in which a parameter must be first; this quantile of the normal
MAX_GROWTH = 100  # times as many seeds or trials: beyond it a trend says nothing


class Bar(NamedTuple):
    """Hold a share with its interval; without draws it has neither an interval nor ``first``."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None
    first: float | None = None  # share of draws in which it is larger than the bar of every other parameter


class Importance(NamedTuple):
    """Hold the bars of a phase by one method.

    Attributes:
        phase: the name of the phase, or ``panels.POOLED``.
        method: ``ANOVA``, ``PED-ANOVA`` or ``fANOVA``.
        trials: how many it rests on.
        unit: what more of narrows the intervals: ``seeds`` or ``trials``.
        bars: the parameters first.
        parameters: how many of the bars are parameters; the others are interactions and seeds.
        settled: whether a parameter is first in ``SETTLED`` of the draws.
        more: about how many more of ``unit`` settle it; None where it is settled, or where no number in reach does.
    """

    phase: str
    method: str
    trials: int
    unit: str
    bars: Sequence[Bar]
    parameters: int
    settled: bool = False
    more: int | None = None

    @property
    def leader(self) -> Bar:
        """Return the parameter with the largest share."""
        return max(self.bars[: self.parameters], key=lambda bar: bar.value)


def shares(values: Array) -> Array:
    """Return what is above 0 as shares of its sum along the last axis; all 0 where nothing is."""
    positive = np.maximum(values, 0.0)
    total = positive.sum(axis=-1, keepdims=True)
    parts: Array = np.divide(positive, total, out=np.zeros_like(positive), where=total > 0)
    return parts


def with_draws(importance: Importance, draws: Array, size: int, margin: Array | float = 0.0) -> Importance:
    """Return the importance with intervals, ``first``, and whether the order is settled.

    Args:
        importance: whose bars have values only.
        draws: of all bars; shape: (draws, bars).
        size: how many of its ``unit`` there are.
        margin: by which the interval of each bar reaches beyond the draws at both ends.
    """
    values = np.array([bar.value for bar in importance.bars])
    low, high = np.quantile(draws, TAILS, axis=0)
    low, high = np.clip([low - margin, high + margin], 0.0, 1.0)
    low, high = np.minimum(low, values).tolist(), np.maximum(high, values).tolist()  # draws may miss the value itself
    first = [_first(draws, bar, importance.parameters) for bar in range(len(importance.bars))]
    bars = [Bar(bar.name, bar.value, *rest) for bar, *rest in zip(importance.bars, low, high, first, strict=True)]
    settled = max(first[: importance.parameters]) >= SETTLED
    more = None if settled else _more_needed(draws[:, : importance.parameters], size)
    return importance._replace(bars=bars, settled=settled, more=more)


def _first(draws: Array, bar: int, parameters: int) -> float:
    """Return the share of draws in which a bar is the largest; parameters that are equal share a draw."""
    others = np.delete(draws[:, :parameters], bar, axis=1) if bar < parameters else draws[:, :parameters]
    own = draws[:, bar : bar + 1]
    equal = (own == others).sum(axis=1) if bar < parameters else np.zeros(len(draws))
    return float(((own >= others).all(axis=1) / (1 + equal)).mean())


def _more_needed(draws: Array, size: int) -> int | None:
    """Estimate how many more seeds or trials settle the order, if the interval shrinks with their square root.

    The lead of the parameter with the largest mean over the second must be ``SETTLED_Z`` standard errors.
    """
    leader, second = np.argsort(-draws.mean(axis=0))[:2]
    low, centre, high = np.quantile(draws[:, leader] - draws[:, second], [TAILS[0], 0.5, TAILS[1]])
    growth = math.inf if centre <= 0 else (SETTLED_Z * (high - low) / ERRORS_WIDE / centre) ** 2
    return max(1, math.ceil(size * (growth - 1))) if growth <= MAX_GROWTH else None
