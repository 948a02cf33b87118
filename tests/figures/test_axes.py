"""Axes of what was searched, and of what it was judged by."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import STUDY
from figures.kinds.searches import MAXIMIZED, study_view, trial
from volopt.figures.axes import axis_fractions, objective_axis, trial_axis

POSITIVE = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20)


@given(POSITIVE, st.booleans())
def test_shares_keep_the_order_and_reach_both_ends(values: list[float], log: bool) -> None:
    fractions = axis_fractions(values, log=log)
    assert all(0 <= share <= 1 for share in fractions)
    by_value = [share for _, share in sorted(zip(values, fractions, strict=True))]
    assert by_value == sorted(by_value)
    if min(fractions) < max(fractions):
        assert (min(fractions), max(fractions)) == (0, 1)
    else:
        assert set(fractions) == {0.5}


def test_shares_on_a_log_axis_are_those_of_the_exponents() -> None:
    assert axis_fractions([1, 10, 100, 10_000], log=True) == pytest.approx([0, 0.25, 0.5, 1])
    assert axis_fractions([1, 2, 5], log=False) == pytest.approx([0, 0.25, 1])


@given(POSITIVE, st.sampled_from([STUDY, MAXIMIZED]))
def test_the_axis_of_the_objective_holds_the_best_and_what_is_not_counted_out(values: list[float], text: str) -> None:
    objective = objective_axis(study_view(text=text), values)
    best = max(values) if text == MAXIMIZED else min(values)
    low, high = objective.axis.range or (-math.inf, math.inf)
    outside = sum(not low <= value <= high for value in values)
    assert low <= best <= high
    assert outside == (int(objective.notes[0].rstrip(".").split()[-1]) if objective.notes else 0)
    assert objective.scale.low < objective.scale.high
    assert (objective.axis.kind == "log") == objective.scale.log


@given(st.integers(0, 5000))
def test_trial_numbers_at_ticks_are_few_and_exist(last: int) -> None:
    ticks = [at for at, _ in trial_axis(last).ticks]
    assert ticks[0] == 0
    assert max(ticks) <= last
    assert len(ticks) <= 12
    assert len(ticks) >= min(last + 1, 5)


def test_figures_of_a_study_agree_on_a_log_axis_though_a_pruned_trial_alone_makes_the_range_wide() -> None:
    view = study_view(trial(0.1, window=2), trial(0.2, window=3), trial(9.0, state="PRUNED", window=4))
    assert [objective_axis(view, values).axis.kind for values in ([0.1, 0.2], [0.1, 0.2, 9.0])] == ["log", "log"]
    narrow = study_view(trial(0.1, window=2), trial(0.2, window=3))
    assert objective_axis(narrow, [0.1, 0.2]).axis.kind == "number"
