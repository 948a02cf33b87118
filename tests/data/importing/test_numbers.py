import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.data.importing.numbers import parse_number, parse_numbers


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1.0),
        (" -2.50 ", -2.5),
        ("1,968.95", 1968.95),
        ("12,34,567", 1234567.0),
        ("987,030,556.35", 987030556.35),
        ("$9.50", 9.5),
        ("1.2M", 1.2e6),
        ("3k", 3e3),
        ("-1,234", -1234.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("-inf", -math.inf),
        ("1e999", math.inf),
        ("1 234\u202f567.5".replace(" ", "\u202f"), 1234567.5),
        ("1'234.5", 1234.5),
        ("30.16 €", 30.16),
        ("120.72万", 1207200.0),
        ("1.5亿", 1.5e8),
    ],
)
def test_a_number_as_vendors_write_it(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize("text", ["", " ", "-", "--", "NaN", "null", "N/A", "None", "<NA>"])
def test_a_text_for_no_number_is_nan(text: str) -> None:
    assert math.isnan(parse_number(text) or 0)


@pytest.mark.parametrize(
    "text",
    ["many", "1.2.3", "1,5", "1,23", ",", "$", "M", "0x10", "1_000", "12,3456", "1 00", "0,123", "1 234,567", "٣"],
)
def test_an_ambiguous_text_is_no_number(text: str) -> None:
    assert parse_number(text) is None


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_as_python_writes_them_are_read_bit_for_bit(value: float) -> None:
    assert parse_number(repr(value)) == value


@given(st.integers(min_value=-(10**15), max_value=10**15))
def test_commas_between_thousands_change_nothing(value: int) -> None:
    assert parse_number(f"{value:,}") == float(value)


@pytest.mark.parametrize(
    ("text", "value"), [("1.234,5", 1234.5), ("30,160", 30.16), ("1.234.567", 1234567), ("1,5M", 1.5e6)]
)
def test_a_comma_may_stand_before_the_decimals(text: str, value: float) -> None:
    assert parse_number(text, ",") == value


@given(st.text())
def test_any_text_is_a_number_or_none(text: str) -> None:
    assert isinstance(parse_number(text), float | None)


@given(st.lists(st.one_of(st.none(), st.text(), st.sampled_from(["1", "1,000", "-", "x"]))))
def test_a_column_is_read_text_by_text(texts: list[str | None]) -> None:
    values, wrong = parse_numbers(pd.Series(texts, dtype=object))
    singly = [parse_number(text or "") for text in texts]
    assert wrong.tolist() == [each is None for each in singly]
    np.testing.assert_array_equal(values, [np.nan if each is None else each for each in singly])


def test_a_column_of_numbers_stays_as_it_is() -> None:
    values, wrong = parse_numbers(pd.Series([1, None, 3], dtype="Int64"))
    np.testing.assert_array_equal(values, [1, np.nan, 3])
    assert not wrong.any()
