"""The mark before decimals is found from all columns of a file together."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.importing.marks import find_marks
from volopt.errors import DataError


def marks(separator: str, given: str | None = None, pointed_days: bool = False, **columns: str) -> dict[str, str]:
    """Return the marks of columns, each of which has its values with blanks between them."""
    series = {role: pd.Series(texts.split(), dtype=object) for role, texts in columns.items()}
    volume = {"volume": pd.Series(["1"])}
    found, _ = find_marks({**volume, **series}, separator, given, "x.csv", pointed_days)  # type: ignore[arg-type]
    return {role: found[role] for role in columns}


@pytest.mark.parametrize(
    ("separator", "columns", "right"),
    [
        (",", {"close": "30.16 30.1"}, "."),
        (";", {"close": "30,16 30,1"}, ","),
        (",", {"close": "1,968.95"}, "."),
        (";", {"close": "1.968,95"}, ","),
        (";", {"close": "30,160 30,310", "volume": "450645"}, ",."),  # semicolons come with decimal commas
        (",", {"close": "30.160 30.310", "volume": "450645"}, ".."),
        (",", {"close": "110.160 109.310", "volume": "0 0"}, ".."),
        ("\t", {"close": "30.160 30.310", "volume": "450645"}, ".."),  # a file that groups would group volume too
        (";", {"close": "0,160 0,310"}, ","),  # no thousands begin with 0
        (";", {"close": "30,16", "volume": "450.645"}, ",,"),
        (";", {"close": "30,160", "volume": "450.645"}, ",,"),  # one mark is not both
        (",", {"close": "30.160", "volume": "450,645"}, ".."),
        (",", {"close": "30", "volume": "450,645"}, ".."),
        (",", {"close": "30.16", "volume": "450.645K"}, ".."),  # a unit comes with decimals
        (",", {"close": "30.16", "volume": "450.64512"}, ".."),
        (";", {"open": "30.16", "close": "30.160", "volume": "1.234.567"}, "..,"),
        (",", {"close": "30,160", "volume": "1,234,567"}, ".."),
    ],
)
def test_what_the_columns_show_together(separator: str, columns: dict[str, str], right: str) -> None:
    assert "".join(marks(separator, **columns).values()) == right


@pytest.mark.parametrize(
    ("separator", "columns", "role"),
    [
        (",", {"close": "30,160"}, "close"),
        ("\t", {"close": "30,160", "volume": "450,645"}, "volume"),
        (";", {"close": "1,001 999"}, "close"),  # volume is too small to show thousands
        (",", {"close": "1.001 999"}, "close"),
        (";", {"close": "30.160"}, "close"),
        (",", {"close": "30.16", "volume": "450.645"}, "volume"),
        (";", {"close": "30.16", "volume": "450.645"}, "volume"),
        ("|", {"close": "30", "volume": "450,645"}, "volume"),
        (";", {"close": "30", "volume": "450,645"}, "volume"),
        (",", {"close": "30.16", "volume": "450.645 450,645"}, "volume"),
        (";", {"close": "9.250 9.300", "volume": "1.234.567"}, "close"),
    ],
)
@pytest.mark.parametrize("given", [".", ","])
def test_what_they_do_not_show_is_refused_unless_the_user_says(
    separator: str, columns: dict[str, str], role: str, given: str
) -> None:
    with pytest.raises(DataError, match=f"in the column of {role}, which may be .*--decimal"):
        marks(separator, **columns)
    assert marks(separator, given, **columns)[role] == given


def test_a_column_that_shows_its_mark_keeps_it_whatever_the_user_says() -> None:
    assert marks(";", ",", close="30.16", volume="450.645") == {"close": ".", "volume": ","}


def test_days_with_points_and_semicolons_have_points_between_thousands_of_volume() -> None:
    assert marks(";", pointed_days=True, close="30.16", volume="450.645") == {"close": ".", "volume": ","}
    with pytest.raises(DataError, match="in the column of volume"):
        marks(",", pointed_days=True, close="30.16", volume="450.645")


def test_numbers_and_the_amount_need_no_mark() -> None:
    numbers = {"close": pd.Series([30.125]), "volume": pd.Series([1.234]), "amount": pd.Series(["1.234 ", "1,234"])}
    found, notes = find_marks(numbers, "", None, "x.parquet")
    assert found == {"close": ".", "volume": "."}
    assert notes == []


@given(st.lists(st.floats(0.01, 1e5), min_size=3), st.integers(0, 4), st.sampled_from(".,"), st.sampled_from(",;\t|"))
def test_prices_are_never_read_with_the_other_mark(values: list[float], digits: int, mark: str, separator: str) -> None:
    texts = [f"{value:.{digits}f}".replace(".", mark) for value in values]
    shown = any(mark in text and text[0] != "0" for text in texts)
    try:
        found = marks(separator, close=" ".join(texts))["close"]
    except DataError:
        return
    assert found == mark or not shown


def test_units_are_told_and_missing_numbers_have_none() -> None:
    numbers = {"close": pd.Series(["nan", "NaN", "None", "inf"]), "volume": pd.Series(["120.72万", "5"])}
    assert find_marks(numbers, ",", None, "x.csv")[1] == ["volume in units: 120.72万 is 1207200"]
