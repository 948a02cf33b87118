"""The fields that the calendar tells in advance: by hand, against slow definitions, and without a look ahead."""

import math
from collections.abc import Callable, Sequence
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.data.sessions import (
    AHEAD,
    CALENDAR_FIELDS,
    CAP,
    MAX_MISSED,
    WEEKDAY_FIELDS,
    Sessions,
    calendar_values,
    sessions_missed,
)

# A Wednesday to Wednesday; the holidays of the new year of China; a plain weekend.
FEBRUARY = ["2010-02-10", "2010-02-11", "2010-02-12", "2010-02-22", "2010-02-23", "2010-02-24", "2010-02-25",
            "2010-02-26", "2010-03-01", "2010-03-02"]  # fmt: skip
# The end of a year, with one free day; and what follows: two days of holidays, and a weekend.
DECEMBER = ["2009-12-29", "2009-12-30", "2009-12-31", "2010-01-04", "2010-01-05"]
AFTER_DECEMBER = ["2010-01-06", "2010-01-11"]
# The third Friday of a June, and the end of its quarter.
JUNE = ["2010-06-10", "2010-06-17", "2010-06-18", "2010-06-29", "2010-06-30"]


def as_days(days: Sequence[date | str]) -> np.ndarray:
    return np.array(days, "datetime64[D]")


def values(field: str, calendar: Sequence[date | str], following: Sequence[date | str] = ()) -> list[float]:
    found = calendar_values(field, Sessions.of(as_days(calendar), as_days(following)))
    assert found.dtype == np.float32
    return found.tolist()


@pytest.mark.parametrize(
    ("field", "calendar", "expected"),
    [
        ("$days_to_next", FEBRUARY, [1, 1, 10, 1, 1, 1, 1, 3, 1, 1]),
        ("$days_after_next", FEBRUARY, [1, 10, 1, 1, 1, 1, 3, 1, 1, 1]),
        ("$next_monday", FEBRUARY, [0, 0, 1, 0, 0, 0, 0, 1, 0, 0]),
        ("$next_tuesday", FEBRUARY, [0, 0, 0, 1, 0, 0, 0, 0, 1, 0]),
        ("$next_wednesday", FEBRUARY, [0, 0, 0, 0, 1, 0, 0, 0, 0, 1]),
        ("$next_thursday", FEBRUARY, [1, 0, 0, 0, 0, 1, 0, 0, 0, 0]),
        ("$next_friday", FEBRUARY, [0, 1, 0, 0, 0, 0, 1, 0, 0, 0]),
        ("$sessions_since_holiday", FEBRUARY, [CAP, CAP, 0, 1, 2, 3, 4, 5, 6, 7]),
        ("$sessions_to_holiday", FEBRUARY, [1, 0, *8 * [CAP]]),
        ("$sessions_since_long_holiday", FEBRUARY, [CAP, CAP, 0, 1, 2, 3, 4, 5, 6, 7]),
        ("$sessions_to_long_holiday", FEBRUARY, [1, 0, *8 * [CAP]]),
        ("$sessions_in_week", FEBRUARY, [3, 3, 5, 5, 5, 5, 5, 5, 5, 5]),
        ("$sessions_since_month_start", FEBRUARY, [1, 2, 3, 4, 5, 6, 7, 0, 1, 2]),
        ("$sessions_to_month_end", FEBRUARY, [6, 5, 4, 3, 2, 1, 0, 22, 21, 20]),
        ("$next_month", FEBRUARY, [*7 * [2], 3, 3, 3]),
        ("$next_day", FEBRUARY, [11, 12, 22, 23, 24, 25, 26, 1, 2, 3]),
        ("$sessions_since_holiday", DECEMBER, [CAP, CAP, 0, 1, 2]),
        ("$sessions_to_holiday", DECEMBER, [1, 0, 2, 1, 0]),
        ("$sessions_since_long_holiday", DECEMBER, 5 * [CAP]),  # it had 3 days, and the next one has 4
        ("$sessions_to_long_holiday", DECEMBER, 5 * [CAP]),
        ("$sessions_to_quarter_end", DECEMBER, [1, 0, CAP, CAP, CAP]),
        ("$sessions_to_year_end", DECEMBER, [1, 0, CAP, CAP, CAP]),
        ("$sessions_to_quarter_end", JUNE, [3, 2, 1, 0, CAP]),
        ("$third_friday", JUNE, [0, 1, 0, 0, 0]),
    ],
)
def test_a_field_says_of_the_next_session_what_its_name_says(
    field: str, calendar: list[str], expected: list[float]
) -> None:
    assert values(field, calendar, AFTER_DECEMBER if calendar is DECEMBER else ()) == expected


def test_angles_turn_once_and_twice_a_year() -> None:
    fields = ("$year_sine", "$year_cosine", "$half_year_sine", "$half_year_cosine")
    by_day = [values(field, ["2011-01-01", "2011-04-02", "2011-07-02"], ["2012-01-01"]) for field in fields]
    april, july, january = zip(*by_day, strict=True)
    assert april == pytest.approx((1, 0, 0, -1), abs=0.02)  # a quarter of the year has passed
    assert july == pytest.approx((0, -1, 0, 1), abs=0.02)
    assert january == (0, 1, 0, 1)


def test_after_the_known_sessions_weekdays_are_assumed() -> None:
    friday, saturday = "2010-03-05", "2010-03-06"  # on which an exchange was open
    assert (values("$days_to_next", [friday]), values("$days_to_next", [saturday])) == ([3], [2])
    assert values("$days_after_next", [friday], [saturday]) == [2]
    assert values("$days_to_next", [friday], ["2010-03-12"]) == [7]


# Definitions without arithmetic on arrays: of the days known, the row of n among them.
Slow = Callable[[Sequence[date], int], float]


def is_holiday(day: date, following: date, least: int) -> bool:
    without = [day + timedelta(each) for each in range(1, (following - day).days)]
    return len(without) >= least and any(each.weekday() < 5 for each in without)


def since_holiday(least: int) -> Slow:
    def count(days: Sequence[date], row: int) -> float:
        found = [k for k in range(1, row + 1) if is_holiday(days[k - 1], days[k], least)]
        return min(CAP, row - found[-1]) if found else CAP

    return count


def to_holiday(least: int) -> Slow:
    def count(days: Sequence[date], row: int) -> float:
        found = [k for k in range(row, len(days) - 1) if is_holiday(days[k], days[k + 1], least)]
        return min(CAP, found[0] - row) if found else CAP

    return count


def quarter(day: date) -> tuple[int, int]:
    return day.year, (day.month + 2) // 3


def to_end(period: Callable[[date], object]) -> Slow:
    return lambda days, row: min(CAP, sum(period(each) == period(days[row]) for each in days[row + 1 :]))


def month(day: date) -> tuple[int, int]:
    return day.year, day.month


def week(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def angle(day: date, turns: int) -> float:
    return (
        2 * math.pi * turns * (day - date(day.year, 1, 1)).days / (date(day.year + 1, 1, 1) - date(day.year, 1, 1)).days
    )


def is_third_friday(days: Sequence[date], row: int) -> float:
    fridays = [day for each in range(1, 29) if (day := days[row].replace(day=each)).weekday() == 4]
    return days[row] == fridays[2]


def is_weekday(number: int) -> Slow:
    return lambda days, row: days[row].weekday() == number


SLOW: dict[str, Slow] = {
    "$days_to_next": lambda days, row: (days[row] - days[row - 1]).days,
    "$days_after_next": lambda days, row: (days[row + 1] - days[row]).days,
    **{field: is_weekday(number) for number, field in enumerate(WEEKDAY_FIELDS)},
    "$sessions_since_holiday": since_holiday(1),
    "$sessions_to_holiday": to_holiday(1),
    "$sessions_since_long_holiday": since_holiday(6),
    "$sessions_to_long_holiday": to_holiday(6),
    "$sessions_in_week": lambda days, row: sum(week(each) == week(days[row]) for each in days),
    "$sessions_since_month_start": lambda days, row: sum(month(each) == month(days[row]) for each in days[:row]),
    "$sessions_to_month_end": to_end(month),
    "$sessions_to_quarter_end": to_end(quarter),
    "$sessions_to_year_end": to_end(lambda day: day.year),
    "$third_friday": is_third_friday,
    "$next_month": lambda days, row: days[row].month,
    "$next_day": lambda days, row: days[row].day,
    "$year_sine": lambda days, row: math.sin(angle(days[row], 1)),
    "$year_cosine": lambda days, row: math.cos(angle(days[row], 1)),
    "$half_year_sine": lambda days, row: math.sin(angle(days[row], 2)),
    "$half_year_cosine": lambda days, row: math.cos(angle(days[row], 2)),
}


@st.composite
def long_calendars(draw: st.DrawFn) -> list[date]:
    """Sessions of any exchange: weekdays, or all days, from which single days and rows of days are missing."""
    first = draw(st.dates(date(1995, 1, 1), date(2030, 1, 1)))
    length = draw(st.integers(160, 300))
    weekends = draw(st.booleans())
    free = draw(st.lists(st.tuples(st.integers(0, length), st.integers(1, 12)), max_size=8))
    missing = {start + each for start, count in free for each in range(count)}
    days = {each: first + timedelta(each) for each in range(length) if each not in missing}
    return [day for day in days.values() if day.weekday() < 5 or weekends]


@settings(max_examples=30)
@given(days=long_calendars())
def test_each_field_is_what_its_slow_definition_says(days: list[date]) -> None:
    count = len(days) - AHEAD
    for field in CALENDAR_FIELDS:
        expected = [SLOW[field](days, row) for row in range(1, count + 1)]
        np.testing.assert_allclose(values(field, days[:count], days[count:]), expected, rtol=1e-6, atol=1e-6)


def changed_by_what_comes(field: Callable[[Sessions], np.ndarray], days: Sequence[date], row: int) -> bool:
    """Return whether the values up to a row differ where the calendar ends there and ``AHEAD`` sessions are known."""
    whole = field(Sessions.of(as_days(days), as_days([])))[: row + 1]
    ended = field(Sessions.of(as_days(days[: row + 1]), as_days(days[row + 1 :][:AHEAD])))
    return not np.array_equal(whole, ended)


@given(days=long_calendars(), data=st.data())
def test_a_value_needs_only_the_sessions_that_an_exchange_has_published(days: list[date], data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(days) - 1 - AHEAD))
    assert [name for name, field in CALENDAR_FIELDS.items() if changed_by_what_comes(field, days, row)] == []


def test_a_field_that_looks_further_ahead_would_be_noticed() -> None:
    days = [date(2010, 1, 1) + timedelta(each) for each in range(200)]
    assert changed_by_what_comes(
        lambda sessions: np.full(len(sessions.days) - AHEAD, sessions.days[-1].astype(int)), days, 9
    )


def test_values_are_shared_and_cannot_be_changed() -> None:
    sessions = Sessions.of(as_days(FEBRUARY), as_days([]))
    found = calendar_values("$days_to_next", sessions)
    assert calendar_values("$days_to_next", Sessions.of(as_days(FEBRUARY), as_days([]))) is found
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 7


def test_the_sessions_that_a_stock_missed_lie_between_its_trade_days() -> None:
    volume = np.array([np.nan, 0, 5, 6, 0, np.nan, 7, 8])
    np.testing.assert_array_equal(sessions_missed(volume), [np.nan, np.nan, np.nan, 0, 0, 1, 2, 0])
    assert sessions_missed(np.array([1.0, *MAX_MISSED * [0.0], 1.0, 1.0]))[-2:].tolist() == [MAX_MISSED, 0]
    assert sessions_missed(np.array([1.0, *90 * [0.0], 1.0]))[-1] == MAX_MISSED


volumes = st.lists(st.sampled_from([0.0, 1.0, 2.5, math.nan, math.inf, -1.0]), min_size=1, max_size=200)


@given(volumes)
def test_the_sessions_missed_are_what_their_slow_definition_says(volume: list[float]) -> None:
    traded = [row for row, value in enumerate(volume) if 0 < value < math.inf]
    expected = [
        min(row - before[-1] - 1, MAX_MISSED) if (before := [each for each in traded if each < row]) else math.nan
        for row in range(len(volume))
    ]
    found = sessions_missed(np.array(volume, np.float32))
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array(expected, np.float32))


@given(volumes, volumes, volumes)
def test_the_sessions_missed_do_not_change_with_what_a_stock_does_later(
    past: list[float], one: list[float], other: list[float]
) -> None:
    futures = [sessions_missed(np.array([*past, *future], np.float32))[: len(past)] for future in (one, other)]
    np.testing.assert_array_equal(*futures)
