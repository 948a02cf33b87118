"""Turning numbers over seeds into a verdict."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from volopt.claims import verdict
from volopt.claims.verdict import ClaimOutcome

TEN = np.linspace(0.9, 1.1, 10)


def outcome(**changes: Any) -> ClaimOutcome:
    return replace(ClaimOutcome(effect=1.0, low=0.5, high=1.5, p=0.01, n=10, favours=True), **changes)


def flags(ones: int, zeros: int) -> np.ndarray:
    return np.array([1.0] * ones + [0.0] * zeros)


@pytest.mark.parametrize(
    ("n", "p", "favours", "verdict"),
    [
        (10, 0.01, True, "supported"),
        (10, 0.01, False, "contradicted"),
        (10, 0.05, True, "inconclusive"),
        (8, 0.049, True, "supported"),
        (7, 0.001, True, "inconclusive"),
        (10, float("nan"), True, "inconclusive"),
    ],
)
def test_a_verdict_needs_eight_seeds_and_a_corrected_p_below_5_percent(
    n: int, p: float, favours: bool, verdict: str
) -> None:
    assert outcome(n=n, favours=favours).verdict(p) == verdict


def test_above_and_below_test_the_mean_against_a_reference() -> None:
    for test, reference, favours in (
        (verdict.mean_above, 0.5, True),
        (verdict.mean_above, 1.5, False),
        (verdict.mean_below, 1.5, True),
        (verdict.mean_below, 0.5, False),
    ):
        result = test(TEN, reference)
        assert result.effect == pytest.approx(1.0)
        assert 0.9 < result.low < 1.0 < result.high < 1.1
        assert result.favours is favours
        assert result.p == pytest.approx(2 / 1024)


def test_above_has_a_large_p_at_the_reference_itself() -> None:
    assert verdict.mean_above(TEN, 1.0).p > 0.9


@pytest.mark.parametrize(("shift", "favours"), [(1.0, True), (0.98, True), (0.5, False), (1.5, False)])
def test_within_favours_means_inside_the_margin_only(shift: float, favours: bool) -> None:
    result = verdict.mean_within(TEN - shift, 0.3)
    assert result.favours is favours
    assert result.p < 0.01


def test_within_has_a_large_p_at_the_margin() -> None:
    assert verdict.mean_within(TEN - 1.29, 0.3).p > 0.3
    assert verdict.mean_within(TEN - 1.31, 0.3).p > 0.3


def test_a_majority_is_more_than_half() -> None:
    assert verdict.majority(flags(10, 0)).favours
    assert verdict.majority(flags(10, 0)).p == pytest.approx(2 / 1024)
    assert not verdict.majority(flags(0, 10)).favours
    assert verdict.majority(flags(6, 4)).p > 0.5


def test_more_frequent_is_the_difference_of_proportions() -> None:
    result = verdict.more_frequent(flags(9, 1), flags(1, 9))
    assert result.effect == pytest.approx(0.8)
    assert result.favours
    assert result.p < 0.01
    assert not verdict.more_frequent(flags(0, 10), flags(10, 0)).favours


@pytest.mark.parametrize(
    "test", [verdict.mean_above, verdict.mean_below, lambda values: verdict.mean_within(values, 0.3)]
)
def test_seeds_with_nan_are_left_out_and_without_others_the_outcome_is_undefined(test: Any) -> None:
    assert test(np.append(TEN, [np.nan, -np.inf])) == test(TEN)
    assert test(np.full(10, np.nan)) == verdict.NO_SEEDS


def test_another_scale_changes_effect_and_interval_only() -> None:
    result = outcome().rescaled(lambda value: 10 * value)
    assert (result.effect, result.low, result.high, result.p, result.n) == (10, 5, 15, 0.01, 10)


def test_details_accumulate() -> None:
    assert outcome().with_details(a=1.0).with_details(b=2.0).details == {"a": 1.0, "b": 2.0}
