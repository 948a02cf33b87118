"""Rows become days; what is dropped or doubtful is counted."""

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
    """Return a row of the day of that number."""
    day = pd.NaT if number is None else FIRST + pd.Timedelta(days=number)
    text = "" if number is None else f"{day:%Y-%m-%d}"
    known = {"instrument": "A", "day": day, "text": text, "halted": False, "wrong": "", "factor": 1.0}
    return known | {"close": close, "volume": volume} | values


def days(*rows: dict[str, Any], on_duplicate: OnDuplicate = "last") -> DailyTable:
    return clean(pd.DataFrame(list(rows)), "A", on_duplicate)


def counts(issues: Any) -> dict[str, int]:
    return {issue.what: issue.count for issue in issues}


def test_days_are_sorted_and_written_as_qlib_has_them() -> None:
    table = days(row(1, close=4, open=3, factor=0.5), row(0, close=2, open=2, factor=2.0)).values
    assert table.index.tolist() == [FIRST, FIRST + pd.Timedelta(days=1)]
    assert table[["open", "close", "volume", "factor"]].to_numpy().tolist() == [[4, 4, 15, 2], [1.5, 2, 60, 0.5]]
    np.testing.assert_array_equal(table["change"], [NAN, -0.5])


def test_identical_rows_are_dropped_and_the_last_of_different_ones_is_kept() -> None:
    table = days(row(0), row(0), row(1, close=1), row(2), row(1, close=3), row(1, close=5))
    assert table.values["close"].tolist() == [2, 5, 2]
    assert counts(table.dropped) == {"identical duplicates": 1, "earlier rows of days with different rows": 2}
    assert counts(table.doubted) == {"days with different rows (last one kept)": 1}


def test_differing_rows_can_be_refused() -> None:
    assert len(days(row(0), row(0), on_duplicate="error").values) == 1
    with pytest.raises(DataError, match="A has different rows on 1 of its days, first on 2010-01-04"):
        days(row(0), row(0, close=3), on_duplicate="error")


def test_rows_of_minutes_are_refused() -> None:
    with pytest.raises(DataError, match=r"A has several rows a day \(rows: 100, days: 1\)"):
        days(*(row(0, close=number + 1) for number in range(100)))


def test_rows_without_a_date_or_a_number_are_dropped() -> None:
    table = days(
        row(0),
        row(None),
        row(None, NAN, NAN),
        row(1, NAN, NAN),
        row(None, text="Total"),
        row(2, NAN, NAN, wrong="close 'x'"),
    )
    assert len(table.values) == 1
    assert counts(table.dropped) == {
        "rows without a date": 1,
        "rows with an unreadable date": 1,
        "empty rows": 2,
        "rows without a readable number": 1,
    }
    assert counts(table.doubted) == {"days with an unreadable number (left empty)": 1}


def test_days_without_trade_stay_with_a_volume_of_0() -> None:
    table = days(row(0), row(1, volume=0), row(2, NAN, NAN, halted=True), row(3, NAN, 0.0), row(4, close=0, volume=0))
    assert table.values["volume"].tolist() == [30, 0, 0, 0, 0]
    np.testing.assert_array_equal(table.values["close"], [2, 2, NAN, NAN, NAN])
    assert counts(table.doubted) == {"days with a price of 0 (left empty)": 1}
    assert table.dropped == ()


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([row(0, close=-1)], "days with a negative number (left empty)"),
        ([row(0, volume=-1)], "days with a negative number (left empty)"),
        ([row(0, high=1.0, low=3.0)], "days with high below low"),
        ([row(0, high=1.5, low=1.0)], "days with open or close outside low to high"),
        ([row(0, open=0.5, high=3.0, low=1.0)], "days with open or close outside low to high"),
        ([row(0, close=NAN, open=1)], "days with trade but without a close"),
        ([row(0, volume=NAN)], "days without a volume"),
        ([row(0), row(1, factor=NAN)], "days with trade but without a factor (the previous day's is used)"),
        ([row(0), row(11)], "gaps without trade"),
        (
            [*(row(number) for number in range(11)), row(11, volume=900)],
            "days with an unusual volume",
        ),
        ([row(0), row(1, volume=1e39)], "days with a number too large for qlib (left empty)"),
    ],
)
def test_doubtful_days_are_reported_and_kept(rows: list[dict[str, Any]], what: str) -> None:
    table = days(*rows)
    assert counts(table.doubted)[what] == 1
    assert len(table.values) == len(rows)
    assert (table.values.fillna(0) >= -1).all(axis=None)


def test_rounding_is_not_doubtful() -> None:
    assert days(row(0, close=2.0, high=1.99999, low=1.0)).doubted == ()


def test_a_factor_that_is_missing_is_that_of_the_day_before_or_else_after() -> None:
    table = days(row(0, factor=NAN), row(1, factor=3.0), row(2, factor=0.0), row(3, factor=4.0))
    assert table.values["factor"].tolist() == [3, 3, 3, 4]
    assert days(row(0, factor=NAN)).values["factor"].tolist() == [1]


def test_the_change_is_from_the_last_close() -> None:
    table = days(row(0, close=2), row(1, NAN, 0.0), row(2, close=3)).values
    np.testing.assert_array_equal(table["change"], [NAN, NAN, 0.5])


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
    table = days(*rows)
    assert table.rows == len(rows) == len(table.values) + sum(counts(table.dropped).values())
    assert table.values.index.is_monotonic_increasing
    assert table.values.index.is_unique
    assert (table.values["factor"] > 0).all()
    assert not np.isinf(table.values.to_numpy(np.float32)).any()
