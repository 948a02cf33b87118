"""The table of a CSV file: separator, header, rows, and the lines around them."""

import pytest

from volopt.data.importing.csv_table import CsvTable, read_csv
from volopt.errors import DataError

ROWS = [f"2020-01-{day:02},1,{day}" for day in (2, 3, 6)]


def read(*lines: str, line: int | None = None, **mapped: str) -> CsvTable:
    return read_csv("\n".join(lines).encode(), mapped, "x.csv", line)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_that_gives_a_header_counts_not_the_one_of_a_title(separator: str) -> None:
    title = "a, title; of | many\tsigns,,,;;;|||"
    table = read(title, *(each.replace(",", separator) for each in ("date,close,volume", *ROWS)))
    assert table.separator == separator
    assert table.read([2])[2].tolist() == ["2", "3", "6"]
    assert [issue.what for issue in table.issues()] == ["lines above the header"]


def test_the_line_of_excel_names_the_separator() -> None:
    table = read('"sep=;"', "date;close;volume", *(row.replace(",", ";") for row in ROWS))
    assert (table.separator, table.header.first) == (";", 1)
    assert read("sep=€", "date,close,volume", *ROWS).separator == ","


def test_notes_below_are_left_out_and_told_but_not_a_row_that_breaks_off() -> None:
    table = read("date,close,volume", *ROWS, "", "Source: x", "© x")
    assert [(issue.what, issue.examples) for issue in table.issues()] == [
        ("lines below the rows", ("Source: x", "© x"))
    ]
    table = read("date,close,volume", *ROWS, "2020-01-07,1")
    assert [issue.examples for issue in table.issues()] == [("2020-01-07,1",)]
    assert "different number" in table.issues()[0].what


def test_empty_columns_beyond_the_header_or_the_rows_are_no_columns() -> None:
    more = read("date,close,volume", *(f"{row},," for row in ROWS))
    assert more.read([0, 2]).to_numpy().tolist() == [["2020-01-02", "2"], ["2020-01-03", "3"], ["2020-01-06", "6"]]
    fewer = read("date,close,volume,,", *ROWS)
    assert fewer.read([2])[2].tolist() == ["2", "3", "6"]


def test_a_value_beyond_the_header_drops_its_row() -> None:
    table = read("date,close,volume", *(f"{row}," for row in ROWS), "2020-01-07,1,234,567")
    assert table.read([2])[2].tolist() == ["2", "3", "6"]
    assert table.issues()[0].count == 1


def test_the_line_of_the_header_may_be_named() -> None:
    lines = ["date,close,volume", "tag,kurs,stueck", *ROWS]
    assert read(*lines, line=2).header.names == ("tag", "kurs", "stueck")
    for line in (9, 6):
        with pytest.raises(DataError, match=f"x.csv has no names on line {line}"):
            read(*lines, "", line=line)
