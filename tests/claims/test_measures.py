"""Measures of one seed, against figures computed by hand."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from volopt.claims import measures
from volopt.comparison.trial_results import NotFoundError, SeedResult, TrialResult

ACTUAL = np.array([3.0, 5.0, 4.0, 8.0, 2.0, 6.0, 7.0, 1.0, 9.0, 4.5, 5.5, 2.5])


def seed(
    number: int = 0, forecast: Any = ACTUAL, valid: Any = ACTUAL, curves: Any = None, **metrics: float
) -> SeedResult:
    return SeedResult(number, metrics, curves or {}, {"valid": np.asarray(valid), "test": np.asarray(forecast)})


def trial(*seeds: SeedResult) -> TrialResult:
    train = {"mean": 5.0, "std": 2.0, "log_floor": 0.1}
    return TrialResult(0, {}, seeds, {}, {"valid": ACTUAL, "test": ACTUAL}, train, {}, {})


ONE = trial(seed())


def test_trials_are_measured_on_their_common_seeds_in_ascending_order() -> None:
    trials = (
        trial(seed(3, valid_mse=1.0), seed(1), seed(2, valid_mse=np.e)),
        trial(seed(2, valid_mse=np.e**2), seed(3, valid_mse=np.e)),
    )
    first, second = measures.by_seed(measures.log_loss("valid_mse"), *trials)
    assert (first.tolist(), second.tolist()) == ([1.0, 0.0], [2.0, 1.0])


def test_trials_without_a_common_seed_are_not_comparable() -> None:
    with pytest.raises(NotFoundError):
        measures.by_seed(measures.is_flat, trial(seed(1)), trial(seed(2)))


@pytest.mark.parametrize(("flatness", "flat"), [(0.049, 1.0), (0.05, 0.0), (0.7, 0.0), (float("nan"), 0.0)])
def test_a_flat_line_has_a_flatness_under_a_twentieth(flatness: float, flat: float) -> None:
    assert measures.is_flat(ONE, seed(flatness=flatness)) == flat


def test_the_distance_of_a_line_from_the_train_mean_is_in_standard_deviations() -> None:
    assert measures.distance_from_mean(ONE, seed(valid=[2.0, 2.0])) == 1.5
    assert measures.distance_from_mean(ONE, seed(valid=[5.0, 6.0])) == 0.25


def test_error_over_persistence_is_zero_if_as_good_and_positive_if_worse() -> None:
    assert measures.log_error_over_persistence(ONE, seed(valid_skill_persistence=0.0)) == 0.0
    assert measures.log_error_over_persistence(ONE, seed(valid_skill_persistence=-1.0)) == pytest.approx(np.log(2))


def test_timing_is_the_rank_correlation_of_changes() -> None:
    forecast = np.random.default_rng(0).permutation(ACTUAL)
    expected = spearmanr(np.diff(forecast), np.diff(ACTUAL)).statistic
    assert measures.timing(ONE, seed(forecast=forecast)) == pytest.approx(expected)


def test_timing_of_a_perfect_forecast_is_one_at_any_scale_and_of_a_constant_zero() -> None:
    assert measures.timing(ONE, seed(forecast=1000 * ACTUAL)) == pytest.approx(1)
    assert measures.timing(ONE, seed(forecast=-ACTUAL)) == pytest.approx(-1)
    assert measures.timing(ONE, seed(forecast=np.ones(12))) == 0


def test_same_as_yesterday_comes_a_day_late() -> None:
    yesterday = np.concatenate([[4.0], ACTUAL[:-1]])
    assert measures.timing_one_day_late(ONE, seed(forecast=yesterday)) == pytest.approx(1)
    assert measures.timing(ONE, seed(forecast=yesterday)) < 0


def test_chance_is_the_same_forecast_against_other_days() -> None:
    shifted = [spearmanr(np.roll(np.diff(ACTUAL), days), np.diff(ACTUAL)).statistic for days in range(1, 11)]
    above = measures.timing_above_chance(ONE, seed())
    assert above == pytest.approx(1 - np.quantile(shifted, 0.95))


def test_gradients_are_log10_of_first_over_last_layer() -> None:
    norms = [[1e-3, 5.0, 1.0], [1e-5, 5.0, 1.0], [1e-7, 5.0, 1.0]]
    trained = seed(curves={"gradient_norm": norms})
    assert measures.gradient_at_start(ONE, trained) == pytest.approx(-3)
    assert measures.gradient_in_training(ONE, trained) == pytest.approx(-6)


def test_a_gradient_of_zero_has_a_finite_logarithm() -> None:
    zero = seed(curves={"gradient_norm": [[0.0, 1e-2], [0.0, 0.0]]})
    assert measures.gradient_at_start(ONE, zero) == pytest.approx(-36)
    assert measures.gradient_in_training(ONE, zero) == 0


def test_steepness_is_the_mean_absolute_change_from_epoch_to_epoch() -> None:
    assert measures.steepness(ONE, seed(curves={"train_mse": [1.0, 0.1, 1.0, 0.1]})) == pytest.approx(0)
    assert measures.steepness(ONE, seed(curves={"train_mse": [1.0, 10**-0.1, 10**-0.2]})) == pytest.approx(-1)
