"""The names of columns are found among the first lines, with tickers on a line of their own or without."""

import pytest

from volopt.data.importing.header import Header, find_header, header_at, header_lines, widest

NAMES = ["Date", "Close", "Volume"]


def test_the_first_line_with_the_needed_names_is_the_header() -> None:
    rows = [["Prices", "Close"], ["2020", "1", "2"], NAMES, ["2020-01-02", "1", "2"], NAMES]
    assert find_header(rows, {}) == Header(tuple(NAMES), 2, 3)
    assert find_header(rows[:2], {}) is None


def test_names_that_the_user_maps_make_a_header() -> None:
    rows = [["Tag", "Kurs", "Volume"]]
    assert find_header(rows, {}) is None
    assert find_header(rows, {"date": "Tag", "close": "Kurs"}) == Header(("Tag", "Kurs", "Volume"), 0, 1)
    assert find_header(rows, {"date": "Tag", "close": "Kurz"}) is None


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        ([["Ticker", "KO", "KO"], NAMES, ["Date", "", ""]], (0, 3)),
        ([NAMES, ["Ticker", "KO", "KO"], ["Date", "", ""]], (0, 3)),
        ([["", "KO", ""], NAMES], (0, 2)),
        ([["Symbols", "600000", "600000"], NAMES], (0, 2)),
        ([["a title", "", ""], NAMES, ["Ticker", "KO", "KO"]], (1, 3)),
    ],
)
def test_tickers_stand_above_or_below_the_fields(rows: list[list[str]], lines: tuple[int, int]) -> None:
    header = find_header([*rows, ["2020-01-02", "1", "2"]], {})
    assert header is not None
    assert (header.first, header.stop) == lines
    assert header.names == ("date", "Close", "Volume")
    assert header.tickers[1] in ("KO", "600000")
    assert header.tickers[0] == ""


@pytest.mark.parametrize("above", [["Data", "Prices", "Shares"], ["A title", "", ""], ["2020", "1", "2"]])
def test_a_line_above_that_gives_no_ticker_both_fields_is_none_of_tickers(above: list[str]) -> None:
    header = find_header([above, NAMES, ["2020-01-02", "1", "2"]], {})
    assert header == Header(tuple(NAMES), 1, 2)


def test_names_of_two_levels_in_one_line() -> None:
    header = find_header([["Date", "('Close', 'KO')", "('Volume', 'KO')"]], {})
    assert header == Header(("date", "Close", "Volume"), 0, 1, ("", "KO", "KO"))


def test_a_column_of_texts_without_a_name_has_the_codes() -> None:
    header = find_header([["", "", "Close", "Volume"], ["2020-01-02", "KO", "1", "2"]], {})
    assert header is not None
    assert header.names == ("", "code", "Close", "Volume")
    remark = find_header([["Date", "Close", "Volume", ""], ["2020-01-02", "1", "2", "a remark"]], {})
    assert remark is not None
    assert remark.names[-1] == ""
    named = find_header([["", "Ticker", "Close", "Volume"], ["x", "KO", "1", "2"]], {})
    assert named is not None
    assert named.names[0] == ""


def test_a_header_that_the_user_names_has_any_names_and_is_told_unless_it_is_the_first() -> None:
    rows = [NAMES, ["a", "b"]]
    assert header_at(rows, 1) == Header(("a", "b"), 1, 2)
    assert header_lines(header_at(rows, 0)) == []
    assert header_lines(header_at(rows, 1)) == ["names of columns on line 2 (--header names another)"]
    assert header_lines(Header(("a",), 1, 3)) == ["names of columns on lines 2 to 3 (--header names another)"]


def test_the_line_with_the_most_names_is_shown_where_none_is_the_header() -> None:
    assert widest([["a title"], ["1", "2", "3"], ["Tag", "Kurs", "9"], ["x"]]) == 2
    assert widest([]) == 0
