"""Days that an exchange cannot have traded on are doubted, with the remedy."""

import numpy as np
import pandas as pd
import pytest

from volopt.data.calendar_check import doubt_calendar


def lines(days: pd.DatetimeIndex, instrument: str = "ABC") -> list[str]:
    return [doubt.line() for doubt in doubt_calendar(days.to_numpy("datetime64[D]"), instrument)]


DAYS = pd.bdate_range("2019-03-04", "2019-04-30")


def test_days_of_the_week_are_not_doubted() -> None:
    assert lines(DAYS) == []
    assert doubt_calendar(np.array([], "datetime64[D]"), "ABC") == []


def test_many_weekends_are_of_another_time_zone_and_few_are_special_sessions() -> None:
    (line,) = lines(DAYS.shift(-1, freq="D"))
    assert line.startswith(
        "days on a Saturday or Sunday (of another time zone? import with --timezone): 9 (2019-03-03,"
    )
    many = pd.bdate_range("2015-01-01", periods=300).append(pd.DatetimeIndex(["2019-10-27"]))
    assert lines(many) == ["days on a Saturday or Sunday (special sessions?): 1 (2019-10-27)"]


def test_a_market_that_trades_every_day_is_not_doubted() -> None:
    assert lines(pd.date_range("2019-01-01", periods=100)) == []


def test_the_holidays_of_a_known_exchange_are_doubted() -> None:
    closed = "days on which XSHG was closed (of another exchange or time zone? import with --timezone): 1 (2019-04-05)"
    assert lines(DAYS, "SH600000") == [closed]
    assert lines(DAYS.drop("2019-04-05"), "SH600000") == []


@pytest.mark.parametrize(("frequency", "step"), [("W-FRI", "7"), ("BMS", "31"), ("BQS", "91")])
def test_rows_that_are_not_of_days_are_doubted(frequency: str, step: str) -> None:
    days = pd.date_range("2010-01-01", "2019-12-31", freq=frequency)
    assert any(line.startswith(f"rows that are {step} days apart") for line in lines(days))
