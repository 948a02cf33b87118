"""Score forecasts with numpy only, under the same names in every table, artifact and file.

``actual`` and ``forecast`` have shape (days,) and the target's original units unless a docstring says otherwise.
Lower is better for errors, higher for R² and direction.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# A forecast must be positive to have a logarithm, so this share of the smallest positive train value is its floor.
# The smallest value itself would cut right forecasts: volume drifts, and SH600000 fell to a quarter of it after 2015
# (the valid R² of a ridge regression on log volume is 0.70 there, and 0.55 when floored at the smallest value).
FLOOR_SHARE = 0.1
MIN_LOG_RANGE = 1e-12  # a smaller range of log(target) is rounding, and the target counts as constant
MAX_LOG = 100.0  # e^100 exceeds any quantity; it keeps a diverged forecast finite


def is_higher_better(metric: str) -> bool:
    """Return whether a higher value of the metric of this name is better."""
    return metric.endswith(("_r2", "_direction")) or "_skill_" in metric


class Forecast(NamedTuple):
    """Hold the forecasts and actual values of some days; every array has the shape (days,)."""

    forecast: Array
    actual: Array
    previous: Array  # the actual value of the trade day before


def mse(forecast: Array, actual: Array) -> float:
    """Return the mean squared error, in squared units of the arguments."""
    return float(np.mean((forecast - actual) ** 2))


def log_floor(train: Array) -> float:
    """Return the floor of forecasts before their logarithm: ``FLOOR_SHARE`` times the smallest positive train value.

    It is NaN if train is never positive, as there is no logarithm to score then.
    """
    positive = train[train > 0]
    return FLOOR_SHARE * float(positive.min()) if positive.size else float("nan")


def log_errors(forecast: Array, actual: Array, floor: float) -> tuple[Array, Array]:
    """Return log forecast minus log actual, and log actual, on the days with a positive actual value.

    Args:
        forecast: original units; values below ``floor`` are raised to it, since a linear head may go below zero.
        actual: original units; days with 0 have no logarithm and are left out.
        floor: positive; see ``log_floor``.
    """
    positive = actual > 0
    log_actual = np.log(actual[positive])
    return np.log(np.maximum(forecast[positive], floor)) - log_actual, log_actual


def log_mse(forecast: Array, actual: Array, floor: float) -> float:
    """Return the mean squared error of log(target)."""
    errors, _ = log_errors(forecast, actual, floor)
    return float(np.mean(errors**2)) if errors.size else float("nan")


def log_r2(forecast: Array, actual: Array, floor: float) -> float:
    """Return R² of log(target): 1 − Σ(log f − log a)² / Σ(log a − mean log a)²."""
    errors, log_actual = log_errors(forecast, actual, floor)
    if not errors.size or np.ptp(log_actual) <= MIN_LOG_RANGE:
        return float("nan")
    return float(1 - np.sum(errors**2) / np.sum((log_actual - log_actual.mean()) ** 2))


def naive_error(train: Array) -> float:
    """Return the mean absolute one-day change of the train split, the scale of MASE."""
    return float(np.mean(np.abs(np.diff(train))))


def mase(forecast: Array, actual: Array, naive: float) -> float:
    """Return the mean absolute scaled error of Hyndman and Koehler (2006), scaled by ``naive_error`` of train."""
    return float(np.mean(np.abs(forecast - actual)) / naive) if naive > 0 else float("nan")


def direction(forecast: Array, actual: Array, previous: Array) -> float:
    """Return the share of days whose change from the day before has the right sign; unchanged days do not count."""
    changed = actual != previous
    right = np.sign(forecast - previous)[changed] == np.sign(actual - previous)[changed]
    return float(np.mean(right)) if right.size else float("nan")


def flatness(forecast: Array, actual: Array) -> float:
    """Return std(forecast) / std(actual); below 0.05 the forecast is a flat line."""
    spread = float(np.std(actual))
    return float(np.std(forecast)) / spread if spread > 0 else float("nan")


def skill(error: float, baseline_error: float) -> float:
    """Return 1 − error / baseline error: the relative error reduction, negative if the error is larger."""
    return 1 - error / baseline_error if baseline_error > 0 else float("nan")


def scores(splits: Mapping[str, Forecast], train: Array) -> dict[str, float]:
    """Return the metrics, in original units, of the splits ``valid`` and ``test``.

    Args:
        splits: the forecasts of each split; one that is absent has no metrics.
        train: the target on the train days, (days,), original units.
    """
    floor = log_floor(train)
    metrics: dict[str, float] = {}
    for split, (forecast, actual, _) in splits.items():
        metrics[f"{split}_log_r2"] = log_r2(forecast, actual, floor)
        metrics[f"{split}_log_mse"] = log_mse(forecast, actual, floor)
    if test := splits.get("test"):
        metrics["test_mase"] = mase(test.forecast, test.actual, naive_error(train))
        metrics["test_direction"] = direction(*test)
        metrics["flatness"] = flatness(test.forecast, test.actual)
    return metrics
