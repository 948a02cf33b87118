"""Baselines that learn from every input day and feature, each relative to the window's own mean.

Inputs: log target of each of the last ``lags`` days less its mean over these days; each other feature less its mean
over these days, over the standard deviation of such differences in train. Output: log target less that mean.
Close and volume drift over the years; relative to the window nothing leaves the range seen in train.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from volopt.baselines.history import Forecaster, History, fitted_rows, from_log, past
from volopt.windows.dataset import Array

Regression = Callable[
    [Array, Array], Callable[[Array], Array]
]  # inputs and output of train -> what predicts the output

ALPHAS = np.logspace(-2, 4, 25)

TREES = 200
LIGHTGBM: dict[str, Any] = {
    "objective": "regression",
    "learning_rate": 0.05,  # with 200 trees: little is left to learn, and there is no valid split to stop early by
    "num_leaves": 15,  # small trees: a train split is some 1,300 days
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,  # neighbouring days say much the same; each tree sees half of the columns
    "deterministic": True,  # with the next two: the same numbers on every run
    "force_row_wise": True,
    "num_threads": 1,
    "seed": 0,
    "verbosity": -1,
}


def ridge(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with a ridge regression, its penalty chosen among ``ALPHAS`` by the leave-one-out errors of train."""
    return _relative(history, train, lags, _ridge)


def lightgbm(history: History, train: range, lags: int) -> Forecaster:
    """Forecast with gradient-boosted trees of fixed parameters."""
    return _relative(history, train, lags, _lightgbm)


def _relative(history: History, train: range, lags: int, regression: Regression) -> Forecaster:
    rows = fitted_rows(train, lags)
    spread = _spread(history.others, rows, lags)

    def inputs(seen: History) -> Array:
        others = _changes(seen.others, lags) / spread[:, None]
        return np.hstack([_changes(seen.log, lags), others.reshape(len(others), -1)])

    predict = regression(inputs(history)[rows], (history.log - _level(history, lags))[rows])
    return lambda seen: from_log(_level(seen, lags) + predict(inputs(seen)))


def _level(history: History, lags: int) -> Array:
    level: Array = past(history.log, lags).mean(axis=1)
    return level


def _changes(values: Array, lags: int) -> Array:
    """Return the past of each row less its mean, shape (days, lags) or (days, features, lags)."""
    days = past(values, lags)
    changes: Array = days - days.mean(axis=-1, keepdims=True)
    return changes


def _spread(others: Array, rows: slice, lags: int) -> Array:
    """Return each feature's standard deviation in the windows of train, infinite for one that never moves there."""
    spread = _changes(others, lags)[rows].std(axis=(0, 2))
    return np.where(spread > 0, spread, np.inf)


def _ridge(inputs: Array, output: Array) -> Callable[[Array], Array]:
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=ALPHAS).fit(inputs, output)
    return lambda rows: np.asarray(model.predict(rows))


def _lightgbm(inputs: Array, output: Array) -> Callable[[Array], Array]:
    from lightgbm import Dataset, train

    model = train(LIGHTGBM, Dataset(inputs, output), num_boost_round=TREES)
    return lambda rows: np.asarray(model.predict(rows), dtype=np.float64)
