"""Looking back, which is what no baseline may do otherwise."""

import math

import numpy as np
import pytest

from volopt.baselines.history import fitted_rows, from_log, past


def test_the_past_of_a_row_is_the_days_before_it_with_the_first_day_for_those_that_are_missing() -> None:
    assert past(np.array([1.0, 2, 3, 4]), 3).tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 2], [1, 2, 3]]


def test_the_past_of_several_features_keeps_them_apart() -> None:
    found = past(np.array([[1.0, 10], [2, 20], [3, 30]]), 2)
    assert found.tolist() == [[[1, 1], [10, 10]], [[1, 1], [10, 10]], [[1, 2], [10, 20]]]


def test_there_may_be_no_other_feature_and_fewer_days_than_are_asked_for() -> None:
    assert past(np.empty((4, 0)), 3).shape == (4, 0, 3)
    assert past(np.array([5.0, 6]), 9).tolist() == [9 * [5], 9 * [5]]


@pytest.mark.parametrize(("days", "first"), [(1, 1), (8, 8), (9, 1), (22, 1)])
def test_a_fit_starts_where_enough_days_lie_before_or_at_once_where_two_rows_would_not_be_left(
    days: int, first: int
) -> None:
    assert fitted_rows(range(10), days) == slice(first, 10)


def test_a_forecast_from_logs_is_positive_and_finite_however_far_it_went_astray() -> None:
    found = from_log(np.array([-1e6, 0, 3, 1e6]))
    np.testing.assert_allclose(found, [math.exp(-100), 1, math.exp(3), math.exp(100)])
