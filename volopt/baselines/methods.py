"""Define the baselines, and those that are fitted on one series: what each sees, how it is fitted and forecasts.

A baseline is fitted on the train rows of one history and returns a forecaster. Its forecast of row t uses only the rows
before t: changing the values of a day changes no forecast of that day or of an earlier one. Changing a day after train
changes nothing that was fitted.

A baseline may need more days than a series has before a row. The first day then stands for the missing ones, so that no
day is left out. Row 0 has no past: it sees itself, and is never scored.

``persistence``, ``ma5``, ``ewma``, ``har`` and ``har_rolling`` have at most four fitted numbers, use only the target
and have their own numbers of lags. ``har_x`` adds what the calendar says of the day to be forecast. ``ridge`` and
``lightgbm`` learn from every lag of every feature, relative to the mean of the window. Their inputs are the last
``lags`` days of the log target and of each other feature, minus their means over these days. The other features are
then divided by the standard deviation of these differences in train. The output is the log target minus its mean. Close
and volume drift over the years, but these differences stay in the range seen in train.

The baselines that learn from all series together are in the module ``pooled``.
"""

from collections.abc import Callable, Sequence
from functools import cache
from itertools import accumulate
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from volopt.definition.expressions import parse
from volopt.metrics import MAX_LOG, Array

HAR_DAYS = (1, 5, 22)  # a day, a week, a month of trade days
ROLLING_DAYS = (500, 1000)  # that ``har_rolling`` may learn from
REFIT_DAYS = 21  # a month of trade days
ALPHAS = np.logspace(-2, 4, 25)
TREES = 200
LIGHTGBM: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.05,  # small with 200 trees, since no valid split is used to stop early
    "num_leaves": 15,  # small trees: a train split has some 1,300 days
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,  # neighbouring days are alike; each tree sees half of the columns
    "deterministic": True,  # with the next two, every run gives the same numbers
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}


class History(NamedTuple):
    """Hold one series, day by day."""

    target: Array  # shape: (days,), original units
    log: Array  # shape: (days,), of the target, with a floor where it has no logarithm
    others: Array  # shape: (days, features), the study's features except the target, as read
    calendar: Array | None = None  # shape: (days, inputs), what the calendar says of the next session


Forecaster = Callable[[History], Array]  # returns the forecast of each day, shape (days,), original units
Fit = Callable[[History, range, int], Forecaster]  # takes a history, its train rows and the number of lags


class Baseline(NamedTuple):
    """Describe a baseline: how it is fitted, which studies have it, and how often it is fitted again."""

    fit: Fit | None  # on each series by itself; None: on all together, by the module ``pooled``
    studies: Literal["all", "static", "calendar"] = "all"  # those with static inputs, or with some of the calendar
    refit_days: int | None = None  # trade days from one fit to the next while it forecasts; None: it is fitted once


def persistence(history: History, train: range, lags: int) -> Forecaster:
    """Forecast the target of the day before."""
    return lambda series: lagged(series.target, 1)[:, 0]


def ma5(history: History, train: range, lags: int) -> Forecaster:
    """Forecast the mean target of the last 5 days."""
    return lambda series: lagged(series.target, 5).mean(axis=1)


def ewma(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with simple exponential smoothing of the log target.

    s[t] = α log y[t] + (1 − α) s[t−1], s[0] = log y[0]; the forecast of day t is exp(s[t−1]). α minimises the squared
    one-day errors of train. Smoothing and errors are in logs, as the skill is.
    """
    from scipy.optimize import minimize_scalar

    train_log = history.log[: train.stop]

    def error(alpha: float) -> float:
        return float(np.sum((train_log[1:] - _smoothed(train_log, alpha)[:-1]) ** 2))

    alpha = float(minimize_scalar(error, bounds=(0, 1), method="bounded").x)
    return lambda series: from_log(lagged(_smoothed(series.log, alpha), 1)[:, 0])


def _smoothed(log: Array, alpha: float) -> Array:
    return np.array(list(accumulate(log.tolist(), lambda level, value: level + alpha * (value - level))))


def har(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with the heterogeneous autoregression of Corsi (2009), on logs as is usual for volatility.

    log y[t] = b₀ + b₁ log y[t−1] + b₂ mean₅ log y + b₃ mean₂₂ log y by least squares. The forecast is e to the fitted
    value. Its bias in levels is not corrected, as the skill is measured in logs.
    """
    coefficients = har_coefficients(har_inputs(history.log), history.log, train)
    return lambda series: from_log(har_inputs(series.log) @ coefficients)


def har_rolling(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with ``har``, fitted on the last days alone and again after every ``REFIT_DAYS`` days.

    Audrino and Chassot (2024, arXiv 2406.08041) found that tuned learners do not beat such a HAR for volatility. The
    number of days it learns from is the one of ``ROLLING_DAYS`` with the smaller squared one-day errors of logs over
    the last third of train, where it is refitted in the same way. Where there are fewer days, it learns from all.
    """
    first = 2 * train.stop // 3

    def error(days: int) -> float:
        return float(np.sum((_rolling(history.log[: train.stop], first, days) - history.log[first : train.stop]) ** 2))

    days = min(ROLLING_DAYS, key=error)
    coefficients = har_coefficients(har_inputs(history.log), history.log, train, days)

    def forecast(series: History) -> Array:
        early = har_inputs(series.log[: train.stop]) @ coefficients
        return from_log(np.concatenate([early, _rolling(series.log, train.stop, days)]))

    return forecast


def har_x(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with ``har`` and, as further columns, what the calendar says of the day to be forecast.

    Columns that are constant over the fitted rows are left out, because a later change would have no known effect.
    """
    rows = fitted_rows(train, max(HAR_DAYS))
    used = np.ptp(_announced(history)[rows], axis=0) > 0

    def inputs(series: History) -> Array:
        return np.hstack([har_inputs(series.log), _announced(series)[:, used]])

    coefficients = np.linalg.lstsq(inputs(history)[rows], history.log[rows])[0]
    return lambda series: from_log(inputs(series) @ coefficients)


def _announced(history: History) -> Array:
    """Return the calendar's inputs of each row, which are those of the day before, shape (days, inputs)."""
    assert history.calendar is not None
    return lagged(history.calendar, 1)[..., 0]


def _rolling(log: Array, first: int, days: int) -> Array:
    """Return HAR's forecasts from row ``first`` on; each ``REFIT_DAYS`` rows have a fit to the ``days`` before them."""
    means = har_inputs(log)
    forecast = np.empty(max(len(log) - first, 0))
    for start in range(first, len(log), REFIT_DAYS):
        rows = slice(start, start + REFIT_DAYS)
        forecast[start - first :][:REFIT_DAYS] = means[rows] @ har_coefficients(means, log, range(start), days)
    return forecast


def har_coefficients(means: Array, log: Array, train: range, days: int | None = None) -> Array:
    """Return the least-squares coefficients of HAR on the train rows, or on the last ``days`` of them, shape (4,)."""
    rows = fitted_rows(train, max(HAR_DAYS))
    if days is not None:
        rows = slice(max(rows.start, train.stop - days), train.stop)
    coefficients: Array = np.asarray(np.linalg.lstsq(means[rows], log[rows])[0], np.float64)
    return coefficients


def har_forecast(log: Array, coefficients: Array) -> Array:
    """Return HAR's forecast of each row from its coefficients, original units, shape (days,)."""
    return from_log(har_inputs(log) @ coefficients)


def har_inputs(log: Array) -> Array:
    """Return a column of ones and the mean of each of ``HAR_DAYS``, shape (days, 4)."""
    return np.column_stack([np.ones(len(log)), *(lagged(log, days).mean(axis=1) for days in HAR_DAYS)])


def ridge(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with a ridge regression; leave-one-out errors of train choose its penalty among ``ALPHAS``."""
    from sklearn.linear_model import RidgeCV

    return _fit(history, train, lags, lambda inputs, output: RidgeCV(alphas=ALPHAS).fit(inputs, output))


def lightgbm(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with gradient-boosted trees with the parameters ``LIGHTGBM``."""
    import lightgbm as lgb

    return _fit(history, train, lags, lambda inputs, output: lgb.train(LIGHTGBM, lgb.Dataset(inputs, output), TREES))


def _fit(history: History, train: range, lags: int, regression: Callable[[Array, Array], Any]) -> Forecaster:
    """Return the forecaster of a regression, which returns a model of inputs (days, columns) and output (days,)."""
    rows = fitted_rows(train, lags)
    deviations = _demeaned(history.others, lags)[rows].std(axis=(0, 2))
    scale = np.where(deviations > 0, deviations, np.inf)  # a feature that is constant in train becomes 0

    def inputs(series: History) -> Array:
        others = _demeaned(series.others, lags) / scale[:, None]
        return np.hstack([_demeaned(series.log, lags), others.reshape(len(others), -1)])

    model = regression(inputs(history)[rows], (history.log - _mean(history, lags))[rows])
    return lambda series: from_log(_mean(series, lags) + model.predict(inputs(series)))


def _mean(history: History, lags: int) -> Array:
    mean: Array = lagged(history.log, lags).mean(axis=1)
    return mean


def _demeaned(values: Array, lags: int) -> Array:
    """Return the lags of each row minus their mean, shape (days, lags) or (days, features, lags)."""
    window = lagged(values, lags)
    demeaned: Array = window - window.mean(axis=-1, keepdims=True)
    return demeaned


def lagged(values: Array, days: int) -> Array:
    """Return the values of the days before each row, oldest first, as a new last axis of ``days`` values.

    Args:
        values: shape (rows,) or (rows, features).
        days: how far to look back.
    """
    first = np.repeat(values[:1], days, axis=0)
    return sliding_window_view(np.concatenate([first, values[:-1]]), days, axis=0)


def fitted_rows(train: range, days: int) -> slice:
    """Return the train rows with ``days`` days before them, or all except the first if there are fewer than two."""
    start = days if train.stop - days > 1 else 1
    return slice(start, train.stop)


def from_log(log: Array) -> Array:
    """Return e^log, clipped so that a diverged fit stays finite and above zero."""
    return np.exp(np.clip(log, -MAX_LOG, MAX_LOG))


# In the order of the tables. study/README.md describes each.
BASELINES: dict[str, Baseline] = {
    **{each.__name__: Baseline(each) for each in (persistence, ma5, ewma, har, ridge, lightgbm)},
    "har_rolling": Baseline(har_rolling, "static", refit_days=REFIT_DAYS),
    "har_x": Baseline(har_x, "calendar"),
    "pooled_ridge": Baseline(None, "static"),
    "pooled_lightgbm": Baseline(None, "static"),
}


def baselines_of(static_names: Sequence[str]) -> tuple[str, ...]:
    """Return the baselines of a study, by its static inputs."""
    has = {"all": True, "static": bool(static_names), "calendar": any(map(is_of_calendar, static_names))}
    return tuple(name for name, each in BASELINES.items() if has[each.studies])


@cache  # each series of a panel asks for the same ones
def is_of_calendar(static_name: str) -> bool:
    """Return whether the calendar alone decides a static input."""
    from volopt.data.sessions import CALENDAR_FIELDS  # imports pandas, and studies without static inputs need it not

    expression = parse(static_name)
    return not expression.markets and expression.fields <= CALENDAR_FIELDS.keys()
