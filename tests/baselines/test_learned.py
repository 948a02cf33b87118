"""Ridge and LightGBM against a closed form and a direct call, on a matrix built by loops."""

import lightgbm as lgb
import numpy as np
import pytest

from volopt.baselines.history import Baseline, History
from volopt.baselines.learned import lightgbm, ridge
from volopt.windows.dataset import Array

DAYS, END, LAGS = 500, 400, 4  # of the series; of train; input days
TRAIN = range(END)


def window(values: Array, row: int) -> list[float]:
    """The last days less their mean, the oldest first; the first day stands for those before the series begins."""
    days = [float(values[max(row - back, 0)]) for back in range(LAGS, 0, -1)]
    return [day - sum(days) / LAGS for day in days]


def level(history: History, row: int) -> float:
    return sum(history.log[max(row - back, 0)] for back in range(1, LAGS + 1)) / LAGS


def spreads(history: History) -> list[float]:
    """Of each feature's differences over train."""
    return [float(np.std([window(feature, row) for row in range(LAGS, END)])) for feature in history.others.T]


def inputs(history: History, spread: list[float]) -> Array:
    rows = []
    for row in range(len(history.log)):
        others = [
            day / std for feature, std in zip(history.others.T, spread, strict=True) for day in window(feature, row)
        ]
        rows.append([*window(history.log, row), *others])
    return np.array(rows)


def output(history: History) -> Array:
    return np.array([history.log[row] - level(history, row) for row in range(len(history.log))])


def levels(history: History) -> Array:
    return np.array([level(history, row) for row in range(len(history.log))])


def ridge_by_hand(x: Array, y: Array, alpha: float) -> tuple[float, Array]:
    """Intercept and coefficients; the intercept bears no penalty."""
    centered = x - x.mean(axis=0)
    slopes = np.linalg.solve(centered.T @ centered + alpha * np.eye(x.shape[1]), centered.T @ (y - y.mean()))
    return float(y.mean() - x.mean(axis=0) @ slopes), slopes


def left_out_errors(x: Array, y: Array, alpha: float) -> float:
    total = 0.0
    for row in range(len(y)):
        rest = np.arange(len(y)) != row
        intercept, slopes = ridge_by_hand(x[rest], y[rest], alpha)
        total += (y[row] - intercept - x[row] @ slopes) ** 2
    return total


def test_ridge_is_the_closed_form_at_the_alpha_that_leaving_one_train_day_out_picks(history: History) -> None:
    x, y = inputs(history, spreads(history)), output(history)
    train = slice(LAGS, END)
    alpha = min(np.logspace(-2, 4, 25), key=lambda each: left_out_errors(x[train], y[train], each))
    assert 0.01 < alpha < 10_000  # a case in which the choice matters
    intercept, slopes = ridge_by_hand(x[train], y[train], alpha)
    expected = np.exp(levels(history) + intercept + x @ slopes)
    np.testing.assert_allclose(ridge(history, TRAIN, LAGS)(history)[1:], expected[1:])


def test_lightgbm_is_a_direct_call_with_the_parameters_of_the_module(history: History) -> None:
    x, y = inputs(history, spreads(history)), output(history)
    parameters = {
        "objective": "regression",
        "learning_rate": 0.05,
        "num_leaves": 15,
        "min_data_in_leaf": 20,
        "feature_fraction": 0.5,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": 0,
        "verbosity": -1,
    }
    model = lgb.train(parameters, lgb.Dataset(x[LAGS:END], y[LAGS:END]), num_boost_round=200)
    expected = np.exp(levels(history) + model.predict(x))
    found = lightgbm(history, TRAIN, LAGS)(history)
    np.testing.assert_allclose(found[1:], expected[1:])
    assert np.ptp(found / np.exp(levels(history))) > 0.01  # it learned something


@pytest.mark.parametrize("baseline", [ridge, lightgbm])
def test_a_feature_that_never_moves_in_train_says_nothing_whatever_it_does_later(
    baseline: Baseline, history: History
) -> None:
    flat = np.full(DAYS, 0.1)  # not a sum of powers of two: its mean is rounded
    flat[END + 5 :] = 7.0
    with_flat = history._replace(others=np.column_stack([history.others, flat]))
    without = baseline(history, TRAIN, LAGS)(history)
    np.testing.assert_allclose(baseline(with_flat, TRAIN, LAGS)(with_flat), without)


@pytest.mark.parametrize("baseline", [ridge, lightgbm])
def test_one_input_day_is_no_change_at_all_and_leaves_the_mean_step_of_train(
    baseline: Baseline, history: History
) -> None:
    found = baseline(history, TRAIN, 1)(history)
    step = np.diff(history.log[:END]).mean()
    np.testing.assert_allclose(found[1:], history.target[:-1] * np.exp(step))


@pytest.mark.parametrize("baseline", [ridge, lightgbm])
def test_a_level_twenty_times_as_high_after_train_is_forecast_twenty_times_as_high(
    baseline: Baseline, history: History
) -> None:
    """Only relative to the window's mean can a tree forecast values that train never saw."""
    forecaster = baseline(history, TRAIN, LAGS)
    higher = history._replace(log=history.log + np.log(20), others=history.others + 1000)
    np.testing.assert_allclose(forecaster(higher), 20 * forecaster(history))
