"""Intervals calibrated on earlier errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.forecast import conformal
from volopt.forecast.conformal import MAX_ERRORS, MIN_ERRORS, quantiles, rolling_quantiles


def test_of_99_errors_an_80_percent_interval_lies_between_the_10th_from_each_end() -> None:
    """⌈100 · 0.9⌉ = 90, the 90th smallest; below it the 90th largest."""
    assert quantiles(np.arange(99.0)) == (9.0, 89.0)


def test_intervals_of_exchangeable_errors_reach_the_target_coverage() -> None:
    generator = np.random.default_rng(0)
    for coverage in (0.5, 0.8, 0.95):
        inside = []
        for _ in range(2000):
            errors = generator.gumbel(size=121)
            low, high = quantiles(errors[:-1], coverage)
            inside.append(low <= errors[-1] <= high)
        assert coverage - 0.03 < np.mean(inside) < coverage + 0.04


def test_with_too_few_errors_there_is_no_interval() -> None:
    assert all(map(math.isnan, quantiles(np.arange(MIN_ERRORS - 1.0))))
    assert all(map(math.isfinite, quantiles(np.arange(float(MIN_ERRORS)))))


def test_days_without_an_error_do_not_count() -> None:
    errors = np.arange(99.0)
    assert quantiles(np.concatenate([[np.nan] * 50, errors, [np.nan]])) == quantiles(errors)


def test_only_the_latest_errors_count() -> None:
    assert quantiles(np.concatenate([np.full(1000, 1e6), np.zeros(MAX_ERRORS)])) == (0.0, 0.0)


@given(st.integers(0, 119), st.floats(-1e6, 1e6))
def test_the_interval_of_a_day_does_not_depend_on_that_day_or_a_later_one(day: int, error: float) -> None:
    errors = np.random.default_rng(1).normal(size=120)
    changed = errors.copy()
    changed[day] = error
    for before, after in zip(rolling_quantiles(errors), rolling_quantiles(changed), strict=True):
        np.testing.assert_array_equal(before[: day + 1], after[: day + 1])


@pytest.mark.parametrize("log", [True, False])
def test_a_forecast_moved_by_its_own_error_is_the_actual_value(log: bool) -> None:
    forecast, actual = np.array([1.0, 20.0, 3.0]), np.array([2.0, 10.0, 3.0])
    errors = conformal.forecast_errors(forecast, actual, log=log)
    np.testing.assert_allclose(conformal.interval_end(forecast, errors, log=log), actual)


def test_an_error_without_a_logarithm_is_nan() -> None:
    errors = conformal.forecast_errors(np.array([1.0, -1.0, 1.0]), np.array([0.0, 1.0, math.e]), log=True)
    np.testing.assert_allclose(errors, [np.nan, np.nan, 1.0])


def test_coverage_counts_only_days_with_an_interval() -> None:
    low, high = np.array([np.nan, 0.0, 0.0]), np.array([np.nan, 1.0, 1.0])
    assert conformal.measure_coverage(low, np.array([0.5, 0.5, 2.0]), high) == (0.5, 2)
    assert math.isnan(conformal.measure_coverage(low[:1], np.zeros(1), high[:1])[0])
