"""Intervals calibrated on earlier errors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.forecast import conformal
from volopt.forecast.conformal import FEWEST, MEMORY, quantiles, rolling


def test_of_99_errors_an_80_percent_interval_lies_between_the_10th_from_each_end() -> None:
    """⌈100 · 0.9⌉ = 90, the 90th smallest; below it the 90th largest."""
    assert quantiles(np.arange(99.0)) == (9.0, 89.0)


def test_errors_that_are_exchangeable_are_held_as_often_as_was_asked_for() -> None:
    generator = np.random.default_rng(0)
    for coverage in (0.5, 0.8, 0.95):
        held = []
        for _ in range(2000):
            errors = generator.gumbel(size=121)
            low, high = quantiles(errors[:-1], coverage)
            held.append(low <= errors[-1] <= high)
        assert coverage - 0.03 < np.mean(held) < coverage + 0.04


def test_below_the_fewest_errors_there_is_no_interval() -> None:
    assert all(map(math.isnan, quantiles(np.arange(FEWEST - 1.0))))
    assert all(map(math.isfinite, quantiles(np.arange(float(FEWEST)))))


def test_days_without_an_error_do_not_count() -> None:
    errors = np.arange(99.0)
    assert quantiles(np.concatenate([[np.nan] * 50, errors, [np.nan]])) == quantiles(errors)


def test_only_the_latest_errors_count() -> None:
    assert quantiles(np.concatenate([np.full(1000, 1e6), np.zeros(MEMORY)])) == (0.0, 0.0)


@given(st.integers(0, 119), st.floats(-1e6, 1e6))
def test_the_interval_of_a_day_knows_nothing_of_that_day_or_a_later_one(day: int, error: float) -> None:
    errors = np.random.default_rng(1).normal(size=120)
    changed = errors.copy()
    changed[day] = error
    for before, after in zip(rolling(errors), rolling(changed), strict=True):
        np.testing.assert_array_equal(before[: day + 1], after[: day + 1])


@pytest.mark.parametrize("log", [True, False])
def test_a_forecast_moved_by_its_own_error_is_what_came(log: bool) -> None:
    forecast, actual = np.array([1.0, 20.0, 3.0]), np.array([2.0, 10.0, 3.0])
    moved = conformal.moved(forecast, conformal.error(forecast, actual, log=log), log=log)
    np.testing.assert_allclose(moved, actual)


def test_an_error_that_has_no_logarithm_is_none() -> None:
    found = conformal.error(np.array([1.0, -1.0, 1.0]), np.array([0.0, 1.0, math.e]), log=True)
    np.testing.assert_allclose(found, [np.nan, np.nan, 1.0])
