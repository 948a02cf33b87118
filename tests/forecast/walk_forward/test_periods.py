"""Every day is forecast once, by a fit on the days before its period."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.forecast.walk_forward.periods import Period, RefitFrequency, split_periods, year_before

days = st.dates(date(1990, 1, 1), date(2030, 12, 31))


@given(days, st.integers(0, 3000), st.sampled_from(["year", "quarter", "never"]))
def test_periods_follow_each_other_without_a_gap_and_train_on_the_days_before(
    first: date, length: int, frequency: RefitFrequency
) -> None:
    last = first + timedelta(days=length)
    periods = split_periods(first, last, frequency)
    assert (periods[0].first, periods[-1].last) == (first, last)
    for period, following in itertools.pairwise(periods):
        assert following.first == period.last + timedelta(days=1)
    assert all(each.first <= each.last and each.train_end == each.first - timedelta(days=1) for each in periods)


@pytest.mark.parametrize(
    ("frequency", "starts"),
    [
        ("year", [date(2016, 5, 10), date(2017, 1, 1), date(2018, 1, 1)]),
        ("quarter", [date(2017, 11, 2), date(2018, 1, 1)]),
        ("never", [date(2016, 5, 10)]),
    ],
)
def test_a_refit_is_on_the_first_day_and_then_at_the_turn_of_the_year_or_quarter(
    frequency: RefitFrequency, starts: list[date]
) -> None:
    assert [period.first for period in split_periods(starts[0], date(2018, 2, 3), frequency)] == starts


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        (date(2016, 1, 1), Period(date(2015, 1, 1), date(2015, 12, 31))),
        (date(2016, 2, 29), Period(date(2015, 3, 1), date(2016, 2, 28))),
    ],
)
def test_the_year_before_ends_on_the_day_before(first: date, expected: Period) -> None:
    assert year_before(first) == expected
