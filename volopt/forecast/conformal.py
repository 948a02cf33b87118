"""Intervals that are calibrated on earlier errors (split conformal prediction).

A day's interval is the forecast moved by two quantiles of the errors of the days before it, which no network had seen
when it forecast them: of n errors the ⌈(n + 1) q⌉-th smallest, so that on exchangeable days the interval holds with at
least the probability asked for (Vovk et al. 2005; Lei et al. 2018). Markets are not exchangeable: only the latest
``MEMORY`` errors count, and the share of days that the intervals held is measured, never assumed.
"""

import math

import numpy as np

from volopt.metrics import Array

COVERAGE = 0.8
MEMORY = 500  # days, about two years: fewer are noisy, more are stale
FEWEST = 50  # errors: below, there is no interval


def quantiles(errors: Array, coverage: float = COVERAGE) -> tuple[float, float]:
    """Return the two quantiles of the latest errors between which the next one lies with probability ``coverage``.

    Args:
        errors: oldest first, shape (days,); NaN where there is none.
        coverage: above 0 and below 1.

    Returns:
        Low and high, both NaN where there are fewer than ``FEWEST`` errors.
    """
    known = np.sort(errors[np.isfinite(errors)][-MEMORY:])
    if len(known) < FEWEST:
        return math.nan, math.nan
    tail = (1 - coverage) / 2
    high = min(math.ceil((len(known) + 1) * (1 - tail)), len(known))
    return float(known[len(known) - high]), float(known[high - 1])


def rolling(errors: Array, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """Return ``quantiles`` of the errors before each day, two arrays of shape (days,)."""
    found = np.array([quantiles(errors[:day], coverage) for day in range(len(errors))]).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def error(forecast: Array, actual: Array, *, log: bool) -> Array:
    """Return what a forecast was short of: actual less forecast, or the logarithm of their ratio."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.log(actual / forecast) if log else actual - forecast
    return np.where(np.isfinite(found), found, np.nan)


def moved(forecast: Array, quantile: Array, *, log: bool) -> Array:
    """Return the end of an interval: the forecast moved by a quantile of ``error``."""
    found: Array = forecast * np.exp(quantile) if log else forecast + quantile
    return found
