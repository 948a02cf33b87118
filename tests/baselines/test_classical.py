"""The classical baselines against loops and statsmodels."""

import numpy as np
import pytest
from statsmodels.regression.linear_model import OLS
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from volopt.baselines.classical import ewma, har, ma5, persistence
from volopt.baselines.history import History
from volopt.windows.dataset import Array

DAYS, END, LAGS = 500, 400, 4  # of the series; of train; input days
TRAIN = range(END)


def mean_before(values: Array, row: int, days: int) -> float:
    """The mean of the last days, the first day standing for those before the series begins."""
    return sum(values[max(row - back, 0)] for back in range(1, days + 1)) / days


def test_persistence_is_the_day_before(history: History) -> None:
    found = persistence(history, TRAIN, LAGS)(history)
    assert found[1:].tolist() == history.target[:-1].tolist()


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
    found = np.log(ewma(history, TRAIN, LAGS)(history))
    log = history.log
    alpha = (found[2] - log[0]) / (log[1] - log[0])  # the first step of the smoothing shows it
    model = SimpleExpSmoothing(log, initialization_method="known", initial_level=log[0])
    np.testing.assert_allclose(found[1:], model.fit(smoothing_level=alpha, optimized=False).fittedvalues[1:])
    train = log[TRAIN]
    best = min(np.linspace(0, 1, 2001)[1:], key=lambda each: squared_errors(train, each))
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


def test_har_with_fewer_train_days_than_its_month_learns_from_what_there_is(history: History) -> None:
    inputs = har_inputs(history.log)
    expected = OLS(history.log[1:20], inputs[1:20]).fit().predict(inputs)
    np.testing.assert_allclose(np.log(har(history, range(20), LAGS)(history)[1:]), expected[1:], rtol=1e-6)
