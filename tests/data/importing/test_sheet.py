"""Sheets of Excel workbooks."""

import io
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from volopt.data.importing.importing import ImportReport, import_files
from volopt.data.importing.options import ImportOptions
from volopt.data.importing.sheet import Sheet, read_sheet
from volopt.data.provider import open_provider
from volopt.errors import DataError, UsageError

HEADER = ["Date", "Code", "Close", "Volume"]
ROWS = [[datetime(2020, 1, day), "KO", 1.234, 1000 + day] for day in (2, 3, 6)]


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read(content: bytes, line: int | None = None) -> Sheet:
    return read_sheet(content, {}, "x.xlsx", line)


def take(place: Path, content: bytes, **options: Any) -> ImportReport:
    (place / "x.xlsx").write_bytes(content)
    return import_files([place / "x.xlsx"], place / "p", ImportOptions(**options))


def test_the_first_sheet_with_a_header_is_imported_and_the_others_are_told(tmp_path: Path) -> None:
    content = workbook(About=[["a vendor"]], Prices=[["KO, daily"], [], HEADER, *ROWS], More=[HEADER])
    report = take(tmp_path, content)
    assert list(report.files[0].notes[1:3]) == [
        "sheet 'Prices'; left out: 'About', 'More'",
        "names of columns on line 3 (--header names another)",
    ]
    assert report.files[0].dropped[0].examples == ("KO, daily",)
    assert open_provider(tmp_path / "p").column("KO", "$volume").tolist() == [1002, 1003, 1006]


def test_numbers_keep_their_value_also_between_texts(tmp_path: Path) -> None:
    take(tmp_path, workbook(Data=[HEADER, *ROWS, [datetime(2020, 1, 7), "KO", "n/a", "1,007"]]))
    provider = open_provider(tmp_path / "p")
    assert provider.column("KO", "$close")[:3] == pytest.approx([1.234] * 3)
    assert provider.column("KO", "$volume").tolist() == [1002, 1003, 1006, 1007]


def test_cells_are_texts_days_and_numbers() -> None:
    sheet = read(workbook(Data=[HEADER, *ROWS, [datetime(2020, 1, 7, 15, 30), 7, None, True]]))
    table = sheet.read([0, 1, 2])
    assert table[0].tolist() == ["2020-01-02", "2020-01-03", "2020-01-06", "2020-01-07 15:30:00"]
    assert table[1].tolist() == ["KO", "KO", "KO", "7"]
    assert table[2].tolist()[:3] == [1.234] * 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (workbook(Data=[]), "x.xlsx has no sheet with a table"),
        (b"PK\x03\x04 broken", "x.xlsx is not a readable Excel workbook"),
    ],
)
def test_a_workbook_without_a_table_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        read(content)


def test_the_line_of_the_header_may_be_named() -> None:
    content = workbook(Data=[HEADER, ["Date", "Close", "Volume", "Code"], *ROWS])
    assert read(content, 2).header.names == ("Date", "Close", "Volume", "Code")
    with pytest.raises(DataError, match="has no names on line 9"):
        read(content, 9)


def test_without_openpyxl_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(UsageError, match="openpyxl reads, and it is not installed") as caught:
        read(workbook(Data=[HEADER]))
    assert "pip install 'volopt[excel]'" in caught.value.hint
