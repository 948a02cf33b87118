"""Baselines with at most four numbers to fit, which look at the target alone and have their own input days."""

from itertools import accumulate

import numpy as np

from volopt.baselines.history import Forecaster, History, fitted_rows, from_log, past
from volopt.windows.dataset import Array

HAR_DAYS = (1, 5, 22)  # a day, a week, a month of trade days


def persistence(history: History, train: range, lags: int) -> Forecaster:
    """Forecast the target of the day before."""
    return lambda seen: past(seen.target, 1)[:, 0]


def ma5(history: History, train: range, lags: int) -> Forecaster:
    """Forecast the mean target of the last 5 days."""
    return lambda seen: past(seen.target, 5).mean(axis=1)


def ewma(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with simple exponential smoothing of the log target.

    s[t] = α log y[t] + (1 − α) s[t−1], s[0] = log y[0]; the forecast of day t is exp(s[t−1]). α minimises the squared
    one-day errors of train. Both are in logs, since the skill is measured in logs.
    """
    from scipy.optimize import minimize_scalar

    log = history.log[: train.stop]

    def error(alpha: float) -> float:
        return float(np.sum((log[1:] - _smoothed(log, alpha)[:-1]) ** 2))

    alpha = float(minimize_scalar(error, bounds=(0, 1), method="bounded").x)
    return lambda seen: from_log(past(_smoothed(seen.log, alpha), 1)[:, 0])


def _smoothed(log: Array, alpha: float) -> Array:
    return np.array(list(accumulate(log.tolist(), lambda level, value: level + alpha * (value - level))))


def har(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with the heterogeneous autoregression of Corsi (2009), on logs as is usual for volatility.

    log y[t] = b₀ + b₁ log y[t−1] + b₂ mean₅ log y + b₃ mean₂₂ log y by least squares. The forecast is e to the fitted
    value, without a correction for the bias of that in levels: the skill is measured in logs.
    """
    rows = fitted_rows(train, max(HAR_DAYS))
    coefficients = np.linalg.lstsq(_means(history.log)[rows], history.log[rows])[0]
    return lambda seen: from_log(_means(seen.log) @ coefficients)


def _means(log: Array) -> Array:
    """Return a column of ones and the mean of each of ``HAR_DAYS``, shape (days, 4)."""
    return np.column_stack([np.ones(len(log)), *(past(log, days).mean(axis=1) for days in HAR_DAYS)])
