"""Rows become days: what is dropped, what is doubted, and that both are counted."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.importing.clean import DailyTable, OnDuplicate, clean
from volopt.errors import DataError

FIRST = pd.Timestamp("2010-01-04")
NAN = float("nan")


def row(number: int | None, close: float = 2.0, volume: float = 30.0, **values: Any) -> dict[str, Any]:
    """A row of the day of that number."""
    day = pd.NaT if number is None else FIRST + pd.Timedelta(days=number)
    text = "" if number is None else f"{day:%Y-%m-%d}"
    known = {"instrument": "A", "day": day, "text": text, "halted": False, "wrong": "", "factor": 1.0}
    return known | {"close": close, "volume": volume} | values


def days(*rows: dict[str, Any], on_duplicate: OnDuplicate = "last") -> DailyTable:
    return clean(pd.DataFrame(list(rows)), "A", on_duplicate)


def told(findings: Any) -> dict[str, int]:
    return {finding.what: finding.count for finding in findings}


def test_days_are_sorted_and_written_as_qlib_has_them() -> None:
    found = days(row(1, close=4, open=3, factor=0.5), row(0, close=2, open=2, factor=2.0)).values
    assert found.index.tolist() == [FIRST, FIRST + pd.Timedelta(days=1)]
    assert found[["open", "close", "volume", "factor"]].to_numpy().tolist() == [[4, 4, 15, 2], [1.5, 2, 60, 0.5]]
    np.testing.assert_array_equal(found["change"], [NAN, -0.5])


def test_identical_rows_are_dropped_and_of_differing_ones_the_last_is_kept() -> None:
    found = days(row(0), row(0), row(1, close=1), row(2), row(1, close=3), row(1, close=5))
    assert found.values["close"].tolist() == [2, 5, 2]
    assert told(found.dropped) == {"identical duplicates": 1, "earlier rows of days with differing values": 2}
    assert told(found.doubted) == {"days twice with differing values, the last kept": 1}


def test_differing_rows_can_be_refused() -> None:
    assert len(days(row(0), row(0), on_duplicate="error").values) == 1
    with pytest.raises(DataError, match="A has days twice with differing values: 1, the first 2010-01-04"):
        days(row(0), row(0, close=3), on_duplicate="error")


def test_rows_of_minutes_are_no_days() -> None:
    with pytest.raises(DataError, match="A has several rows a day: 100, of days 1"):
        days(*(row(0, close=number + 1) for number in range(100)))


def test_rows_without_a_date_or_a_number_are_dropped() -> None:
    found = days(
        row(0),
        row(None),
        row(None, NAN, NAN),
        row(1, NAN, NAN),
        row(None, text="Total"),
        row(2, NAN, NAN, wrong="close 'x'"),
    )
    assert len(found.values) == 1
    assert told(found.dropped) == {
        "rows without a date": 1,
        "rows whose date cannot be read": 1,
        "empty rows": 2,
        "rows without a number that can be read": 1,
    }
    assert told(found.doubted) == {"days with a number that cannot be read, left empty": 1}


def test_days_without_trade_stay_with_a_volume_of_0() -> None:
    found = days(row(0), row(1, volume=0), row(2, NAN, NAN, halted=True), row(3, NAN, 0.0), row(4, close=0, volume=0))
    assert found.values["volume"].tolist() == [30, 0, 0, 0, 0]
    np.testing.assert_array_equal(found.values["close"], [2, 2, NAN, NAN, NAN])
    assert told(found.doubted) == {"days with a price of 0, left empty": 1}
    assert found.dropped == ()


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([row(0, close=-1)], "days with a negative number, left empty"),
        ([row(0, volume=-1)], "days with a negative number, left empty"),
        ([row(0, high=1.0, low=3.0)], "days with high below low"),
        ([row(0, high=1.5, low=1.0)], "days with open or close outside low to high"),
        ([row(0, open=0.5, high=3.0, low=1.0)], "days with open or close outside low to high"),
        ([row(0, close=NAN, open=1)], "days with trade but without a close"),
        ([row(0, volume=NAN)], "days without a volume"),
        ([row(0), row(1, factor=NAN)], "days with trade but without a factor, that of the day before taken"),
        ([row(0), row(11)], "gaps without trade"),
        (
            [*(row(number) for number in range(11)), row(11, volume=900)],
            "days of volume unlike that of the days around",
        ),
        ([row(0), row(1, volume=1e39)], "days with a number too large for qlib, left empty"),
    ],
)
def test_what_is_doubtful_is_told_and_kept(rows: list[dict[str, Any]], what: str) -> None:
    found = days(*rows)
    assert told(found.doubted)[what] == 1
    assert len(found.values) == len(rows)
    assert (found.values.fillna(0) >= -1).all(axis=None)


def test_rounding_is_no_doubt() -> None:
    assert days(row(0, close=2.0, high=1.99999, low=1.0)).doubted == ()


def test_a_factor_that_is_missing_is_that_of_the_day_before_or_else_after() -> None:
    found = days(row(0, factor=NAN), row(1, factor=3.0), row(2, factor=0.0), row(3, factor=4.0))
    assert found.values["factor"].tolist() == [3, 3, 3, 4]
    assert days(row(0, factor=NAN)).values["factor"].tolist() == [1]


def test_the_change_is_from_the_last_close_there_was() -> None:
    found = days(row(0, close=2), row(1, NAN, 0.0), row(2, close=3)).values
    np.testing.assert_array_equal(found["change"], [NAN, NAN, 0.5])


ROWS = st.builds(
    row,
    st.one_of(st.none(), st.integers(0, 5)),
    st.sampled_from([NAN, -1.0, 0.0, 1.0, 2.0]),
    st.sampled_from([NAN, -1.0, 0.0, 1.0, 3e38]),
    factor=st.sampled_from([NAN, 0.0, 0.5, 1.0]),
    high=st.sampled_from([NAN, 1.0]),
    halted=st.booleans(),
)


@given(st.lists(ROWS, min_size=1, max_size=12))
def test_every_row_is_a_day_or_counted_as_dropped(rows: list[dict[str, Any]]) -> None:
    found = days(*rows)
    assert found.rows == len(rows) == len(found.values) + sum(told(found.dropped).values())
    assert found.values.index.is_monotonic_increasing
    assert found.values.index.is_unique
    assert (found.values["factor"] > 0).all()
    assert not np.isinf(found.values.to_numpy(np.float32)).any()
