"""Days with several differing rows, and the columns that tell the rows apart."""

from pathlib import Path

import pytest

from volopt.data.importing.issues import Issue
from volopt.data.importing.options import ImportOptions
from volopt.data.importing.rows import parse_rows
from volopt.data.importing.table import read_table
from volopt.errors import DataError


def doubted(place: Path, *lines: str, skip_bad: bool = False) -> tuple[Issue, ...]:
    (place / "x.csv").write_text("\n".join(lines))
    return parse_rows(read_table(place / "x.csv", {}), "A", ImportOptions(skip_bad=skip_bad)).doubted


def test_half_of_the_days_may_be_double_and_more_may_not(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02},{close},9" for close in (1, 2) for day in (6, 7)]
    single = ["2020-01-08,1,9", "2020-01-09,1,9"]
    assert doubted(tmp_path, "date,close,volume", *rows, *single) == ()
    with pytest.raises(DataError, match="has 2 of its 3 days more than once with differing values, first 2020-01-06"):
        doubted(tmp_path, "date,close,volume", *rows, *single[:1])
    assert doubted(tmp_path, "date,close,volume", *rows, *single[:1], skip_bad=True) == ()


def test_equal_rows_are_not_double(tmp_path: Path) -> None:
    assert doubted(tmp_path, "date,close,volume", *["2020-01-06,1,9", "2020-01-07,1,9"] * 3) == ()


def test_only_columns_that_differ_within_each_day_tell_rows_apart(tmp_path: Path) -> None:
    rows = [
        f"2020-01-{day:02},{place},9,{name},X,{name if day == 6 else 'same'},{day + place / 8}"
        for day in (6, 7, 8, 9)
        for place, name in enumerate(("KO", "PEP"), 1)
    ]
    with pytest.raises(DataError) as caught:
        doubted(tmp_path, "date,close,volume,Name,Market,Half,Mean", *rows)
    assert caught.value.hint.startswith("the rows of a day differ in Name: --map code=Name makes each an instrument")


def test_a_column_of_times_is_named_as_such(tmp_path: Path) -> None:
    rows = [f"2020-01-{day:02},{hour}:00,{hour},9" for day in (6, 7, 8) for hour in (10, 21)]
    with pytest.raises(DataError) as caught:
        doubted(tmp_path, "date,time,close,volume", *rows)
    assert caught.value.hint.startswith("the rows of a day differ in their time, time: keep one a day")
