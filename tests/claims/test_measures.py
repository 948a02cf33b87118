"""What is measured of one fit, against figures worked out by hand."""

from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from volopt.claims import measures
from volopt.comparison.evidence import SeedResult, TrialResult

ACTUAL = np.array([3.0, 5.0, 4.0, 8.0, 2.0, 6.0, 7.0, 1.0, 9.0, 4.5, 5.5, 2.5])


def replicate(
    seed: int = 0, forecast: Any = ACTUAL, valid: Any = ACTUAL, curves: Any = None, **metrics: float
) -> SeedResult:
    return SeedResult(seed, metrics, curves or {}, {"valid": np.asarray(valid), "test": np.asarray(forecast)})


def result(*replicates: SeedResult) -> TrialResult:
    train = {"mean": 5.0, "std": 2.0, "log_floor": 0.1}
    return TrialResult(0, {}, replicates, {}, {"valid": ACTUAL, "test": ACTUAL}, train, {})


ONE = result(replicate())


def test_seeds_are_those_that_all_results_have() -> None:
    assert measures.seeds(result(replicate(3), replicate(1), replicate(2)), result(replicate(2), replicate(3))) == [
        2,
        3,
    ]


def test_a_measure_is_taken_in_the_order_of_the_seeds_asked_for() -> None:
    found = result(replicate(0, valid_mse=1.0), replicate(1, valid_mse=np.e))
    assert measures.over_seeds(measures.log_loss("valid_mse"), found, [1, 0]).tolist() == [1.0, 0.0]


@pytest.mark.parametrize(("flatness", "flat"), [(0.049, 1.0), (0.05, 0.0), (0.7, 0.0), (float("nan"), 0.0)])
def test_a_flat_line_has_a_flatness_under_a_twentieth(flatness: float, flat: float) -> None:
    assert measures.flat(ONE, replicate(flatness=flatness)) == flat


def test_the_distance_of_a_line_from_the_train_mean_is_in_standard_deviations() -> None:
    assert measures.distance_from_mean(ONE, replicate(valid=[2.0, 2.0])) == 1.5
    assert measures.distance_from_mean(ONE, replicate(valid=[5.0, 6.0])) == 0.25


def test_error_over_persistence_is_zero_where_it_is_as_good_and_positive_where_worse() -> None:
    assert measures.log_error_over_persistence(ONE, replicate(valid_skill_persistence=0.0)) == 0.0
    assert measures.log_error_over_persistence(ONE, replicate(valid_skill_persistence=-1.0)) == pytest.approx(np.log(2))


def test_timing_is_the_rank_correlation_of_changes() -> None:
    forecast = np.random.default_rng(0).permutation(ACTUAL)
    expected = spearmanr(np.diff(forecast), np.diff(ACTUAL)).statistic
    assert measures.timing(ONE, replicate(forecast=forecast)) == pytest.approx(expected)


def test_timing_of_the_right_forecast_is_one_at_any_scale_and_of_a_constant_zero() -> None:
    assert measures.timing(ONE, replicate(forecast=1000 * ACTUAL)) == pytest.approx(1)
    assert measures.timing(ONE, replicate(forecast=-ACTUAL)) == pytest.approx(-1)
    assert measures.timing(ONE, replicate(forecast=np.ones(12))) == 0


def test_same_as_yesterday_comes_a_day_late() -> None:
    yesterday = np.concatenate([[4.0], ACTUAL[:-1]])
    assert measures.timing_a_day_late(ONE, replicate(forecast=yesterday)) == pytest.approx(1)
    assert measures.timing(ONE, replicate(forecast=yesterday)) < 0


def test_chance_is_the_same_forecast_against_other_days() -> None:
    shifted = [spearmanr(np.roll(np.diff(ACTUAL), days), np.diff(ACTUAL)).statistic for days in range(1, 11)]
    beyond = measures.timing_beyond_chance(ONE, replicate())
    assert beyond == pytest.approx(1 - np.quantile(shifted, 0.95))


def test_gradients_are_told_as_powers_of_ten_of_first_over_last_layer() -> None:
    norms = [[1e-3, 5.0, 1.0], [1e-5, 5.0, 1.0], [1e-7, 5.0, 1.0]]
    trained = replicate(curves={"gradient_norm": norms})
    assert measures.gradient_at_start(ONE, trained) == pytest.approx(-3)
    assert measures.gradient_in_training(ONE, trained) == pytest.approx(-6)


def test_a_gradient_that_is_gone_altogether_has_a_logarithm_all_the_same() -> None:
    gone = replicate(curves={"gradient_norm": [[0.0, 1e-2], [0.0, 0.0]]})
    assert measures.gradient_at_start(ONE, gone) == pytest.approx(-36)
    assert measures.gradient_in_training(ONE, gone) == 0


def test_steepness_is_the_mean_change_up_or_down_from_epoch_to_epoch() -> None:
    assert measures.steepness(ONE, replicate(curves={"train_mse": [1.0, 0.1, 1.0, 0.1]})) == pytest.approx(0)
    assert measures.steepness(ONE, replicate(curves={"train_mse": [1.0, 10**-0.1, 10**-0.2]})) == pytest.approx(-1)
