"""Read a sheet of an Excel workbook (.xlsx): the first one that has a header."""

import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from itertools import islice

import pandas as pd

from volopt.data.importing.columns import NEEDED
from volopt.data.importing.content import MAX_ROWS, check_size
from volopt.data.importing.header import MAX_LINES, Header, find_header, header_at, header_lines, widest
from volopt.data.importing.issues import Issue, count_cases
from volopt.definition.plain_text import shortened
from volopt.errors import DataError, UsageError

Cell = str | int | float | None


@dataclass(frozen=True)
class Sheet:
    """Hold the cells of a sheet, row by row, and its header."""

    header: Header
    rows: Sequence[Sequence[Cell]]
    notes: tuple[str, ...]
    issues: tuple[Issue, ...]

    def read(self, numbers: Sequence[int]) -> pd.DataFrame:
        """Return columns by their numbers: numbers where all cells are, otherwise texts."""
        filled = [row for row in self.rows[self.header.stop :] if any(cell is not None for cell in row)]
        columns = {number: [row[number] if number < len(row) else None for row in filled] for number in numbers}
        return pd.DataFrame({number: _column(cells) for number, cells in columns.items()})


def read_sheet(content: bytes, mapped: Mapping[str, str], source: str, line: int | None) -> Sheet:
    """Return the first sheet that has a header, or the first one with a cell; ``line`` is that of its header.

    Raises:
        UsageError: openpyxl is not installed.
        DataError: it is not a readable workbook, or is too large.
    """
    sheets = _read_sheets(content, source)
    found = {name: _find_header(rows, mapped, line) for name, rows in sheets.items()}
    name = next((name for name, header in found.items() if header), None)
    if name is None:
        name = max(sheets, key=lambda each: len(sheets[each]), default="")
        if not sheets.get(name):
            raise DataError(f"{source} has no sheet with a table", "check that it is the right file")
        number = line - 1 if line else widest(_texts(sheets[name]))
        if number >= len(sheets[name]):
            raise DataError(f"{source} has no names on line {line}", f"give --header a line up to {len(sheets[name])}")
        found[name] = header_at(_texts(sheets[name]), number)
    header, rows = found[name], sheets[name]
    assert header is not None
    check_size(source, columns=len(header.names))
    others = ", ".join(repr(shortened(other)) for other in sheets if other != name)
    notes = (f"sheet {shortened(name)!r}" + (f"; left out: {others}" if others else ""), *header_lines(header))
    above = [" ".join(filter(None, row)) for row in _texts(rows[: header.first])]
    return Sheet(header, rows, notes, tuple(count_cases("lines above the header", filter(None, above))))


def _find_header(rows: Sequence[Sequence[Cell]], mapped: Mapping[str, str], line: int | None) -> Header | None:
    texts = _texts(rows)
    if line is None:
        return find_header(texts, mapped)
    header = header_at(texts, line - 1) if line <= len(texts) else None
    return header if header and header.known >= len(NEEDED) else None


def _texts(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Return the first rows as texts, as long as the longest."""
    first = rows[:MAX_LINES]
    width = max(map(len, first), default=0)
    return [["" if cell is None else str(cell).strip() for cell in row] + [""] * (width - len(row)) for row in first]


def _read_sheets(content: bytes, source: str) -> dict[str, list[list[Cell]]]:
    try:
        import openpyxl  # an extra
    except ImportError as error:
        message = f"{source} is an Excel workbook, which openpyxl reads, and it is not installed"
        raise UsageError(message, "install it with: pip install 'volopt[excel]', or save the sheet as CSV") from error
    sheets = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about styles
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
            for sheet in book.worksheets:
                rows = [_trimmed(row) for row in islice(sheet.iter_rows(values_only=True), MAX_ROWS + 1)]
                sheets[sheet.title] = rows[: next((n for n in range(len(rows), 0, -1) if rows[n - 1]), 0)]
                check_size(source, rows=len(sheets[sheet.title]))
    except DataError:
        raise
    except Exception as error:  # any: a broken workbook fails in zipfile, XML or openpyxl
        raise DataError(f"{source} is not a readable Excel workbook", "open it in Excel and save it again") from error
    return {name: rows for name, rows in sheets.items() if rows}


def _trimmed(row: Sequence[object]) -> list[Cell]:
    """Return the cells up to the last that is filled, days and times as texts."""
    cells = [_cell(value) for value in row]
    while cells and cells[-1] is None:
        cells.pop()
    return cells


def _cell(value: object) -> Cell:
    if isinstance(value, datetime):
        return str(value.date()) if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time | bool):
        return str(value)
    if isinstance(value, str):
        return value.strip() or None
    return value if isinstance(value, int | float) else None if value is None else str(value)


def _column(cells: Sequence[Cell]) -> pd.Series:
    """Return cells as numbers if all of them are, otherwise as texts that are read as these numbers."""
    if all(isinstance(cell, int | None) for cell in cells):
        return pd.Series(cells, dtype="Int64")
    if all(isinstance(cell, float | int | None) for cell in cells):
        return pd.Series(cells, dtype="float64")
    return pd.Series(["" if cell is None else _number_text(cell) for cell in cells], dtype=object)


def _number_text(cell: Cell) -> str:
    """Return a text with a decimal point that no thousands explain."""
    text = str(cell)
    return f"{text}0" if isinstance(cell, float) and "." in text and "e" not in text else text
