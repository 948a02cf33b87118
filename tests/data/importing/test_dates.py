from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.importing.dates import parse_day, parse_days
from volopt.errors import DataError

DAY = date(2010, 1, 4)
DAYS = st.dates(date(1970, 1, 1), date(2068, 12, 31))
YEAR_FIRST = [
    "%Y-%m-%d",
    "%Y%m%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d-%b-%Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d-%b-%y",
]
TIMES = ["", " 00:00:00", "T00:00:00", " 15:30", "T00:00:00Z", " 00:00:00-05:00", "T16:00:00.000+0800", " 4:00:00 PM"]


@pytest.mark.parametrize(
    "text",
    [
        *("2010-01-04", "20100104", "2010/1/4", "2010.01.04", "2010年1月4日", "20100104.0", "04-Jan-2010"),
        *("4 January 2010", "Jan 4, 2010", "04-JAN-10", "04.01.2010", "4.1.10", " 2010-01-04 "),
    ],
)
def test_a_day_that_can_be_read_in_one_way(text: str) -> None:
    assert parse_day(text) == DAY


@pytest.mark.parametrize("text", ["1/4/2010", "01/04/2010", "1-4-2010", "01/04/10"])
def test_the_order_of_day_and_month_can_be_given(text: str) -> None:
    assert parse_day(text, "month-first") == DAY
    assert parse_day(text, "day-first") == date(2010, 4, 1)


@pytest.mark.parametrize(
    "text",
    [
        *("", "yesterday", "2010-02-30", "2010-13-01", "1850-01-01", "2100-01-01", "40182", "2010-01", "0000-00-00"),
        *("2010-01-04 noon", "2010-01-04T", "4-Foo-2010", "1/4-2010", "4.1.2010.1", "Total", "2010-01-04x"),
    ],
)
def test_a_text_that_is_no_day(text: str) -> None:
    assert parse_day(text) is None


@given(DAYS, st.sampled_from(YEAR_FIRST), st.sampled_from(TIMES))
def test_common_forms_are_read_with_any_time_after_them(which: date, form: str, time: str) -> None:
    assert parse_day(which.strftime(form) + time) == which


@given(st.text(), st.sampled_from([None, "day-first", "month-first"]))
def test_any_text_is_a_day_or_none(text: str, order: None) -> None:
    assert isinstance(parse_day(text, order), date | None)


@given(st.lists(DAYS, min_size=1), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y"]))
def test_a_column_with_a_number_above_12_shows_the_order(which: list[date], form: str) -> None:
    texts = pd.Series([each.strftime(form) for each in [*which, date(2010, 1, 31)]])
    assert parse_days(texts, None, "x.csv").values.tolist() == [*which, date(2010, 1, 31)]


def test_a_column_that_does_not_show_the_order_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"which may begin with the day or the month: 2010-04-01 or 2010-01-04"
    ) as caught:
        parse_days(pd.Series(["1/4/2010", "1/5/2010"]), None, "x.csv")
    assert "--dates" in caught.value.hint
    assert parse_days(pd.Series(["1/4/2010"]), "month-first", "x.csv").values.tolist() == [DAY]


def test_a_column_of_timestamps_has_the_days_of_its_own_zone() -> None:
    stamps = pd.Series(pd.to_datetime(["2010-01-04 00:00", "2010-01-05 23:59"]).tz_localize("Asia/Shanghai"))
    expected = [date(2010, 1, 4), date(2010, 1, 5)]
    assert parse_days(stamps, None, "x").values.tolist() == expected
    assert parse_days(stamps.dt.tz_localize(None), None, "x").values.tolist() == expected


def test_days_outside_1900_to_2099_are_missing() -> None:
    parsed = parse_days(
        pd.Series(np.array(["1899-12-31", "1900-01-01", "2099-12-31", "2100-01-01"], "datetime64[s]")), None, "x"
    )
    assert np.isnat(parsed.values).tolist() == [True, False, False, True]
