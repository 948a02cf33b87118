"""From numbers over seeds to a verdict."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from volopt.claims import verdict
from volopt.claims.verdict import ClaimOutcome

TEN = np.linspace(0.9, 1.1, 10)


def outcome(**said: Any) -> ClaimOutcome:
    return replace(ClaimOutcome(effect=1.0, low=0.5, high=1.5, p=0.01, n=10, favours=True), **said)


def flags(happens: int, not_so: int) -> np.ndarray:
    return np.array([1.0] * happens + [0.0] * not_so)


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
def test_a_verdict_takes_eight_seeds_and_a_corrected_p_under_a_twentieth(
    n: int, p: float, favours: bool, verdict: str
) -> None:
    assert outcome(n=n, favours=favours).verdict(p) == verdict


def test_above_and_below_judge_the_mean_against_a_reference_in_its_own_units() -> None:
    for judge, reference, favours in (
        (verdict.above, 0.5, True),
        (verdict.above, 1.5, False),
        (verdict.below, 1.5, True),
        (verdict.below, 0.5, False),
    ):
        found = judge(TEN, reference)
        assert found.effect == pytest.approx(1.0)
        assert 0.9 < found.low < 1.0 < found.high < 1.1
        assert found.favours is favours
        assert found.p == pytest.approx(2 / 1024)


def test_above_is_not_sure_at_the_reference_itself() -> None:
    assert verdict.above(TEN, 1.0).p > 0.9


@pytest.mark.parametrize(("shift", "favours"), [(1.0, True), (0.98, True), (0.5, False), (1.5, False)])
def test_within_is_for_means_inside_the_margin_and_against_those_outside(shift: float, favours: bool) -> None:
    found = verdict.within(TEN - shift, 0.3)
    assert found.favours is favours
    assert found.p < 0.01


def test_within_decides_nothing_at_the_margin() -> None:
    assert verdict.within(TEN - 1.29, 0.3).p > 0.3
    assert verdict.within(TEN - 1.31, 0.3).p > 0.3


def test_most_is_more_than_half() -> None:
    assert verdict.most(flags(10, 0)).favours
    assert verdict.most(flags(10, 0)).p == pytest.approx(2 / 1024)
    assert not verdict.most(flags(0, 10)).favours
    assert verdict.most(flags(6, 4)).p > 0.5


def test_more_often_is_the_difference_of_shares() -> None:
    found = verdict.more_often(flags(9, 1), flags(1, 9))
    assert found.effect == pytest.approx(0.8)
    assert found.favours
    assert found.p < 0.01
    assert not verdict.more_often(flags(0, 10), flags(10, 0)).favours


@pytest.mark.parametrize("judge", [verdict.above, verdict.below, lambda values: verdict.within(values, 0.3)])
def test_a_seed_without_a_number_is_left_out_and_without_any_there_is_nothing(judge: Any) -> None:
    assert judge(np.append(TEN, [np.nan, -np.inf])) == judge(TEN)
    assert judge(np.full(10, np.nan)) == verdict.NOTHING


def test_another_scale_takes_effect_and_interval_along_and_leaves_the_rest() -> None:
    found = outcome().shown(lambda value: 10 * value)
    assert (found.effect, found.low, found.high, found.p, found.n) == (10, 5, 15, 0.01, 10)


def test_told_figures_add_up() -> None:
    assert outcome().told(a=1.0).told(b=2.0).details == {"a": 1.0, "b": 2.0}
