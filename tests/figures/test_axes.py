"""Axes of what was searched, and of what it was judged by."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import STUDY
from figures.kinds.searches import MAXIMIZED, subject
from volopt.figures.axes import objective, shares, trial_axis

POSITIVE = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20)


@given(POSITIVE, st.booleans())
def test_shares_keep_the_order_and_reach_both_ends(values: list[float], log: bool) -> None:
    found = shares(values, log=log)
    assert all(0 <= share <= 1 for share in found)
    by_value = [share for _, share in sorted(zip(values, found, strict=True))]
    assert by_value == sorted(by_value)
    if min(found) < max(found):
        assert (min(found), max(found)) == (0, 1)
    else:
        assert set(found) == {0.5}


def test_shares_on_a_log_axis_are_those_of_the_exponents() -> None:
    assert shares([1, 10, 100, 10_000], log=True) == pytest.approx([0, 0.25, 0.5, 1])
    assert shares([1, 2, 5], log=False) == pytest.approx([0, 0.25, 1])


@given(POSITIVE, st.sampled_from([STUDY, MAXIMIZED]))
def test_the_axis_of_the_objective_holds_the_best_and_what_is_not_counted_out(values: list[float], text: str) -> None:
    found = objective(subject(text=text), values)
    best = max(values) if text == MAXIMIZED else min(values)
    low, high = found.axis.range or (-math.inf, math.inf)
    outside = sum(not low <= value <= high for value in values)
    assert low <= best <= high
    assert outside == (int(found.notes[0].rstrip(".").split()[-1]) if found.notes else 0)
    assert found.scale.low < found.scale.high
    assert (found.axis.kind == "log") == found.scale.log


@given(st.integers(0, 5000))
def test_trial_numbers_at_ticks_are_few_and_exist(last: int) -> None:
    ticks = [at for at, _ in trial_axis(last).ticks]
    assert ticks[0] == 0
    assert max(ticks) <= last
    assert len(ticks) <= 12
    assert len(ticks) >= min(last + 1, 5)
