import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.metrics import mean_squared_error, r2_score

from volopt import metrics
from volopt.metrics import Forecast


def array(*values: float) -> metrics.Array:
    return np.array(values, dtype=np.float64)


def test_mse_is_the_mean_of_the_squared_errors() -> None:
    assert metrics.mse(array(1, 2, 5), array(1, 4, 2)) == pytest.approx((0 + 4 + 9) / 3)


@given(st.lists(st.tuples(st.floats(-5, 1e6), st.floats(0.01, 1e6)), min_size=3, max_size=30), st.floats(0.01, 10))
def test_log_scores_are_scikit_learns_on_logs_of_the_floored_forecast(
    pairs: list[tuple[float, float]], floor: float
) -> None:
    forecast, actual = np.array(pairs).T
    assume(np.ptp(np.log(actual)) > 1e-6)  # R² of a constant has no scale
    logs = np.log(actual), np.log(np.maximum(forecast, floor))
    assert metrics.log_mse(forecast, actual, floor) == pytest.approx(mean_squared_error(*logs))
    assert metrics.log_r2(forecast, actual, floor) == pytest.approx(r2_score(*logs), rel=1e-6, abs=1e-9)


def test_log_errors_leave_out_days_with_a_target_of_zero_and_raise_forecasts_to_the_floor() -> None:
    errors, log_actual = metrics.log_errors(array(-3, 9, 4), array(2, 0, 4), floor=1.0)
    np.testing.assert_allclose(errors, [math.log(1 / 2), 0.0])
    np.testing.assert_allclose(log_actual, np.log([2, 4]))


def test_days_with_a_target_of_zero_do_not_count_in_log_scores() -> None:
    with_zero = array(2, 7, 4, 8), array(3, 0, 4, 9), 1.0
    without = array(2, 4, 8), array(3, 4, 9), 1.0
    assert metrics.log_r2(*with_zero) == metrics.log_r2(*without)
    assert metrics.log_mse(*with_zero) == metrics.log_mse(*without)


def test_log_scores_of_a_target_that_is_never_positive_are_nan() -> None:
    assert math.isnan(metrics.log_mse(array(1, 2), array(0, -1), 1.0))
    assert math.isnan(metrics.log_r2(array(1, 2), array(0, -1), 1.0))


def test_log_r2_of_a_constant_target_is_nan() -> None:
    assert math.isnan(metrics.log_r2(array(1, 2), array(3, 3), 1.0))


def test_mase_of_the_naive_forecast_on_the_train_days_themselves_is_one() -> None:
    train = array(1, 4, 2, 8)
    naive = metrics.naive_error(train)
    assert naive == pytest.approx((3 + 2 + 6) / 3)
    assert metrics.mase(train[:-1], train[1:], naive) == pytest.approx(1)


def test_mase_by_hand() -> None:
    assert metrics.mase(array(10, 12), array(11, 9), naive=4) == pytest.approx((1 + 3) / 2 / 4)


def test_direction_counts_right_signs_among_the_days_that_changed() -> None:
    previous = array(5, 5, 5, 5, 5)
    actual = array(6, 4, 6, 5, 4)  # up, down, up, unchanged, down
    forecast = array(9, 4.9, 4, 7, 5)  # right, right, wrong, not counted, no change is wrong
    assert metrics.direction(forecast, actual, previous) == pytest.approx(2 / 4)


def test_direction_of_a_target_that_never_changed_is_nan() -> None:
    assert math.isnan(metrics.direction(array(1, 2), array(3, 3), array(3, 3)))


def test_flatness_of_a_constant_forecast_is_zero_and_of_a_perfect_one_is_one() -> None:
    actual = array(1, 5, 3)
    assert metrics.flatness(array(2, 2, 2), actual) == 0
    assert metrics.flatness(actual, actual) == 1
    assert metrics.flatness(2 * actual, actual) == pytest.approx(2)


def test_scores_that_divide_by_the_spread_of_a_constant_target_are_nan() -> None:
    same = array(*[1e-3 + 1e-17, *[1e-3] * 6])
    assert math.isnan(metrics.log_r2(array(*[0.5] * 7), same, 0.1))
    assert math.isnan(metrics.flatness(array(1, 2), array(3, 3)))
    assert math.isnan(metrics.mase(array(1, 2), array(3, 3), naive=0.0))


def test_skill_is_the_relative_reduction_of_the_baselines_error() -> None:
    assert metrics.skill(0.03, 0.04) == pytest.approx(0.25)
    assert metrics.skill(0.08, 0.04) == pytest.approx(-1)
    assert math.isnan(metrics.skill(0.1, 0.0))


def test_scores_have_log_scores_of_each_split_and_the_others_of_test_only() -> None:
    day = Forecast(array(1, 3, 2), array(1, 2, 4), array(2, 1, 2))
    valid = metrics.scores({"valid": day}, array(1, 2, 3))
    assert set(valid) == {"valid_log_r2", "valid_log_mse"}
    both = metrics.scores({"valid": day, "test": day}, array(1, 2, 3))
    extra = {"test_log_r2", "test_log_mse", "test_mase", "test_direction", "flatness"}
    assert set(both) == set(valid) | extra


def test_the_floor_is_a_tenth_of_the_smallest_positive_train_value_and_mase_scales_by_the_naive_error_of_train() -> (
    None
):
    train = array(0, 8, 2, -5)
    test = Forecast(array(-1, 5), array(4, 6), array(5, 5))
    scores = metrics.scores({"test": test}, train)
    assert scores["test_log_mse"] == pytest.approx((math.log(0.2 / 4) ** 2 + math.log(5 / 6) ** 2) / 2)
    assert scores["test_log_r2"] == metrics.log_r2(test.forecast, test.actual, 0.2)
    assert scores["test_mase"] == pytest.approx((5 + 1) / 2 / ((8 + 6 + 7) / 3))
    assert scores["test_direction"] == pytest.approx(1 / 2)
    assert scores["flatness"] == pytest.approx(3.0)


def test_a_right_forecast_below_all_of_train_is_not_clipped() -> None:
    """Volume drifts: in real data it falls to a quarter of the smallest train value."""
    test = Forecast(array(1, 0.5), array(1, 0.5), array(1, 1))
    assert metrics.scores({"test": test}, array(2, 4, 3))["test_log_r2"] == 1.0


def test_without_a_positive_train_day_only_log_scores_are_nan() -> None:
    test = Forecast(array(-1, 5), array(4, 6), array(5, 5))
    scores = metrics.scores({"test": test}, array(-3, -1, -2))
    assert math.isnan(scores["test_log_r2"])
    assert math.isnan(scores["test_log_mse"])
    assert math.isfinite(scores["test_mase"])
