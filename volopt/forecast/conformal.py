"""Calibrate intervals on earlier errors by split conformal prediction.

A day's interval is the forecast moved by two quantiles of the errors of the days before it, which no network had seen
when it forecast them: of n errors the ⌈(n + 1) q⌉-th smallest. On exchangeable days the interval then covers the actual
value with at least the target probability (Vovk et al. 2005; Lei et al. 2018). Markets are not exchangeable: only the
latest ``MAX_ERRORS`` errors count, and the coverage is measured, never assumed.
"""

import math

import numpy as np

from volopt.metrics import Array

COVERAGE = 0.8
MAX_ERRORS = 500  # days, about two years: fewer are noisy, more are stale
MIN_ERRORS = 50  # with fewer there is no interval


def quantiles(errors: Array, coverage: float = COVERAGE) -> tuple[float, float]:
    """Return the two quantiles of the latest errors between which the next one lies with probability ``coverage``.

    Args:
        errors: oldest first, shape (days,); NaN on days without one.
        coverage: above 0 and below 1.

    Returns:
        Low and high, both NaN with fewer than ``MIN_ERRORS`` errors.
    """
    latest = np.sort(errors[np.isfinite(errors)][-MAX_ERRORS:])
    if len(latest) < MIN_ERRORS:
        return math.nan, math.nan
    tail = (1 - coverage) / 2
    high = min(math.ceil((len(latest) + 1) * (1 - tail)), len(latest))
    return float(latest[len(latest) - high]), float(latest[high - 1])


def rolling_quantiles(errors: Array, coverage: float = COVERAGE) -> tuple[Array, Array]:
    """Return ``quantiles`` of the errors before each day, two arrays of shape (days,)."""
    pairs = np.array([quantiles(errors[:day], coverage) for day in range(len(errors))]).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def forecast_errors(forecast: Array, actual: Array, *, log: bool) -> Array:
    """Return actual minus forecast, or the logarithm of their ratio; NaN where that is not finite."""
    with np.errstate(divide="ignore", invalid="ignore"):
        values: Array = np.log(actual / forecast) if log else actual - forecast
    return np.where(np.isfinite(values), values, np.nan)


def interval_end(forecast: Array, quantile: Array | float, *, log: bool) -> Array:
    """Return one end of each interval: the forecast moved by a quantile of ``forecast_errors``."""
    end: Array = forecast * np.exp(quantile) if log else forecast + quantile
    return end


def measure_coverage(low: Array, values: Array, high: Array) -> tuple[float, int]:
    """Return the share of values inside their interval, NaN without any interval, and the number of intervals."""
    known = np.isfinite(low)
    inside = ((low <= values) & (values <= high))[known]
    return (float(inside.mean()) if inside.size else math.nan), inside.size
