"""Each baseline: how it looks back, and its forecasts against loops, statsmodels, a closed form or a direct call."""

import math

import lightgbm as lgb
import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from volopt.baselines.methods import (
    Fit,
    History,
    baselines_of,
    ewma,
    fitted_rows,
    from_log,
    har,
    har_rolling,
    har_x,
    is_of_calendar,
    lagged,
    lightgbm,
    ma5,
    persistence,
    ridge,
)
from volopt.metrics import Array

DAYS, END, LAGS = 500, 400, 4  # of the series; of train; input days
TRAIN = range(END)


def test_the_lags_of_a_row_are_the_days_before_it_and_the_first_day_stands_for_missing_ones() -> None:
    assert lagged(np.array([1.0, 2, 3, 4]), 3).tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 2], [1, 2, 3]]


def test_the_lags_of_each_feature_stay_apart() -> None:
    lags = lagged(np.array([[1.0, 10], [2, 20], [3, 30]]), 2)
    assert lags.tolist() == [[[1, 1], [10, 10]], [[1, 1], [10, 10]], [[1, 2], [10, 20]]]


def test_there_may_be_no_other_feature_and_fewer_days_than_lags() -> None:
    assert lagged(np.empty((4, 0)), 3).shape == (4, 0, 3)
    assert lagged(np.array([5.0, 6]), 9).tolist() == [9 * [5], 9 * [5]]


@pytest.mark.parametrize(("days", "first"), [(1, 1), (8, 8), (9, 1), (22, 1)])
def test_a_fit_starts_after_enough_days_or_at_row_1_if_fewer_than_two_rows_remain(days: int, first: int) -> None:
    assert fitted_rows(range(10), days) == slice(first, 10)


def test_a_forecast_from_a_diverged_log_is_positive_and_finite() -> None:
    forecast = from_log(np.array([-1e6, 0, 3, 1e6]))
    np.testing.assert_allclose(forecast, [math.exp(-100), 1, math.exp(3), math.exp(100)])


def mean_before(values: Array, row: int, days: int) -> float:
    """Return the mean of the last days; the first day stands for days before the series begins."""
    return sum(values[max(row - back, 0)] for back in range(1, days + 1)) / days


def test_persistence_is_the_day_before(history: History) -> None:
    forecast = persistence(history, TRAIN, LAGS)(history)
    assert forecast[1:].tolist() == history.target[:-1].tolist()


def test_ma5_is_the_mean_of_the_last_five_levels(history: History) -> None:
    expected = [mean_before(history.target, row, 5) for row in range(1, DAYS)]
    np.testing.assert_allclose(ma5(history, TRAIN, LAGS)(history)[1:], expected)


def squared_errors(log: Array, alpha: float) -> float:
    level, total = log[0], 0.0
    for value in log[1:]:
        total += (value - level) ** 2
        level = alpha * value + (1 - alpha) * level
    return total


def test_ewma_is_simple_exponential_smoothing_of_logs_with_the_best_alpha_of_train(history: History) -> None:
    forecast = np.log(ewma(history, TRAIN, LAGS)(history))
    log = history.log
    alpha = (forecast[2] - log[0]) / (log[1] - log[0])  # the first step of the smoothing shows it
    model = SimpleExpSmoothing(log, initialization_method="known", initial_level=log[0])
    np.testing.assert_allclose(forecast[1:], model.fit(smoothing_level=alpha, optimized=False).fittedvalues[1:])
    train = log[TRAIN]
    best = min(np.linspace(0, 1, 2001)[1:], key=lambda candidate: squared_errors(train, candidate))
    assert 0.05 < best < 0.95  # a case in which alpha matters
    assert alpha == pytest.approx(best, abs=1e-3)


def test_ewma_of_a_steady_climb_is_persistence() -> None:
    log = np.arange(DAYS) / 10
    climb = History(np.exp(log), log, np.empty((DAYS, 0)))
    np.testing.assert_allclose(np.log(ewma(climb, TRAIN, LAGS)(climb)[1:]), log[:-1], atol=1e-3)


def har_inputs(log: Array) -> Array:
    return np.array([[1.0, *(mean_before(log, row, days) for days in (1, 5, 22))] for row in range(len(log))])


def test_har_is_least_squares_on_logs_over_the_train_rows_from_22_on(history: History) -> None:
    inputs = har_inputs(history.log)
    expected = OLS(history.log[22:END], inputs[22:END]).fit().predict(inputs)
    np.testing.assert_allclose(np.log(har(history, TRAIN, LAGS)(history)[1:]), expected[1:])


def test_har_with_fewer_train_days_than_its_month_learns_from_all_but_the_first(history: History) -> None:
    inputs = har_inputs(history.log)
    expected = OLS(history.log[1:20], inputs[1:20]).fit().predict(inputs)
    np.testing.assert_allclose(np.log(har(history, range(20), LAGS)(history)[1:]), expected[1:], rtol=1e-6)


# HAR that rolls, and HAR with the calendar.


def changing(switch: int, days: int = 2000) -> History:
    """Return a series that reverts to its mean slowly, and from day ``switch`` on quickly."""
    log, generator = np.zeros(days), np.random.default_rng(1)
    for row in range(1, days):
        log[row] = (0.95 if row < switch else -0.3) * log[row - 1] + generator.normal(0, 0.3)
    return History(np.exp(log), log, np.empty((days, 0)))


def rolling(log: Array, first: int, last: int, days: int) -> Array:
    """Return the log forecasts of some rows, fitted every 21 rows on the last days."""
    inputs, forecast = har_inputs(log), []
    for row in range(first, last):
        end = row - (row - first) % 21
        start = max(end - days, 22)
        forecast.append(OLS(log[start:end], inputs[start:end]).fit().predict(inputs[row]).item())
    return np.array(forecast)


@pytest.mark.parametrize(("switch", "days"), [(0, 1000), (900, 500)])
def test_har_rolling_learns_from_the_last_days_that_forecast_the_last_third_of_train_best(
    switch: int, days: int
) -> None:
    series, end = changing(switch), 1800
    errors = {each: np.sum((rolling(series.log, 1200, end, each) - series.log[1200:end]) ** 2) for each in (500, 1000)}
    assert min(errors, key=lambda each: errors[each]) == days
    forecast = np.log(har_rolling(series, range(end), LAGS)(series))
    np.testing.assert_allclose(forecast[end:], rolling(series.log, end, 2000, days), atol=1e-9)
    inputs = har_inputs(series.log)
    fitted = OLS(series.log[end - days : end], inputs[end - days : end]).fit().predict(inputs)
    np.testing.assert_allclose(forecast[1:end], fitted[1:end], atol=1e-9)


def test_har_x_is_least_squares_on_har_and_the_day_before_of_the_calendar(history: History) -> None:
    generator = np.random.default_rng(3)
    weekday, constant = np.arange(DAYS) % 5, np.full(DAYS, 3.0)
    constant[END:] = 9.0  # changes after train only
    calendar = np.column_stack([weekday == 1, weekday == 2, generator.normal(size=DAYS), constant]).astype(float)
    log = history.log + 0.5 * (np.roll(weekday, 1) == 1)
    series = history._replace(log=log, target=np.exp(log), calendar=calendar)
    inputs = np.hstack([har_inputs(log), np.roll(calendar, 1, axis=0)[:, :3]])
    fitted = OLS(log[22:END], inputs[22:END]).fit()
    assert fitted.params[4] > 0.3  # a case in which the calendar matters
    forecast = np.log(har_x(series, TRAIN, LAGS)(series))
    np.testing.assert_allclose(forecast[1:], fitted.predict(inputs)[1:], atol=1e-9)


def test_only_inputs_without_a_field_of_a_stock_are_of_the_calendar() -> None:
    assert is_of_calendar("$days_to_next")
    assert is_of_calendar("Log($days_to_next)*$third_friday")
    assert not is_of_calendar("$days_to_next*$volume")


@pytest.mark.parametrize(
    ("static", "more"),
    [
        ((), []),
        (("$volume/$close",), ["har_rolling", "pooled_ridge", "pooled_lightgbm"]),
        (("$volume", "$next_monday"), ["har_rolling", "har_x", "pooled_ridge", "pooled_lightgbm"]),
    ],
)
def test_a_study_with_static_inputs_has_more_baselines(static: tuple[str, ...], more: list[str]) -> None:
    assert list(baselines_of(static)) == ["persistence", "ma5", "ewma", "har", "ridge", "lightgbm", *more]


# Ridge and LightGBM, on a matrix built by loops.


def window(values: Array, row: int) -> list[float]:
    """Return the last days minus their mean, oldest first; the first day stands for days before the series begins."""
    days = [float(values[max(row - back, 0)]) for back in range(LAGS, 0, -1)]
    return [day - sum(days) / LAGS for day in days]


def level(history: History, row: int) -> float:
    return sum(history.log[max(row - back, 0)] for back in range(1, LAGS + 1)) / LAGS


def spreads(history: History) -> list[float]:
    """Return the standard deviation of each feature's differences in train."""
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
    """Return intercept and coefficients; the intercept has no penalty."""
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


def test_ridge_is_the_closed_form_at_the_alpha_that_leave_one_out_errors_choose(history: History) -> None:
    x, y = inputs(history, spreads(history)), output(history)
    train = slice(LAGS, END)
    alpha = min(np.logspace(-2, 4, 25), key=lambda penalty: left_out_errors(x[train], y[train], penalty))
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
    forecast = lightgbm(history, TRAIN, LAGS)(history)
    np.testing.assert_allclose(forecast[1:], expected[1:])
    assert np.ptp(forecast / np.exp(levels(history))) > 0.01  # it learned something


@pytest.mark.parametrize("baseline", [ridge, lightgbm])
def test_a_feature_that_is_constant_in_train_has_no_effect_later(baseline: Fit, history: History) -> None:
    flat = np.full(DAYS, 0.1)  # not a sum of powers of two: its mean is rounded
    flat[END + 5 :] = 7.0
    with_flat = history._replace(others=np.column_stack([history.others, flat]))
    without = baseline(history, TRAIN, LAGS)(history)
    np.testing.assert_allclose(baseline(with_flat, TRAIN, LAGS)(with_flat), without)


@pytest.mark.parametrize("baseline", [ridge, lightgbm])
def test_with_one_lag_there_are_no_differences_and_the_forecast_is_the_mean_step_of_train(
    baseline: Fit, history: History
) -> None:
    forecast = baseline(history, TRAIN, 1)(history)
    step = np.diff(history.log[:END]).mean()
    np.testing.assert_allclose(forecast[1:], history.target[:-1] * np.exp(step))


@pytest.mark.parametrize("baseline", [ridge, lightgbm])
def test_a_level_twenty_times_higher_has_a_forecast_twenty_times_higher(baseline: Fit, history: History) -> None:
    """Trees forecast values outside the range of train only relative to the mean of the window."""
    forecaster = baseline(history, TRAIN, LAGS)
    higher = history._replace(log=history.log + np.log(20), others=history.others + 1000)
    np.testing.assert_allclose(forecaster(higher), 20 * forecaster(history))
