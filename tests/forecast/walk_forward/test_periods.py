"""Every day is forecast once, by what was fitted before its period."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.forecast.walk_forward.periods import Period, Refit, periods, year_before

days = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@given(days, st.integers(0, 3000), st.sampled_from(["year", "quarter", "never"]))
def test_periods_follow_each_other_without_a_gap_and_are_fitted_on_what_is_before(
    first: date, length: int, refit: Refit
) -> None:
    last = first + timedelta(days=length)
    found = periods(first, last, refit)
    assert (found[0].first, found[-1].last) == (first, last)
    for before, after in itertools.pairwise(found):
        assert after.first == before.last + timedelta(days=1)
    assert all(each.first <= each.last and each.train_end == each.first - timedelta(days=1) for each in found)


@pytest.mark.parametrize(
    ("refit", "starts"),
    [
        ("year", [date(2016, 5, 10), date(2017, 1, 1), date(2018, 1, 1)]),
        ("quarter", [date(2017, 11, 2), date(2018, 1, 1)]),
        ("never", [date(2016, 5, 10)]),
    ],
)
def test_a_refit_is_on_the_first_day_and_then_at_the_turn_of_the_year_or_quarter(
    refit: Refit, starts: list[date]
) -> None:
    assert [each.first for each in periods(starts[0], date(2018, 2, 3), refit)] == starts


@pytest.mark.parametrize(
    ("first", "before"),
    [
        (date(2016, 1, 1), Period(date(2015, 1, 1), date(2015, 12, 31))),
        (date(2016, 2, 29), Period(date(2015, 3, 1), date(2016, 2, 28))),
    ],
)
def test_the_year_before_ends_on_the_day_before(first: date, before: Period) -> None:
    assert year_before(first) == before
