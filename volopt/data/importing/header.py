"""Find the names of a table's columns among its first lines: below a title, or on two lines with tickers.

yfinance and pandas write the columns of several tickers on two lines, the ticker above the field or below it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from volopt.data.importing.columns import NEEDED, PRICES, normalise_name, recognised_roles
from volopt.data.importing.dates import parse_day
from volopt.data.importing.numbers import MARKS, parse_number

MAX_LINES = 40  # in which a header is looked for
FIELDS = {*PRICES, "adjusted_close", "volume"}  # roles that each ticker has a column of
_PAIR = re.compile(r"\(['\"]?(.*?)['\"]?, ['\"]?(.*?)['\"]?\)")


@dataclass(frozen=True)
class Header:
    """Hold the names of the columns, the rows above them, and the row at which the data begin.

    ``tickers`` has the ticker of each column, or is empty; a column without one belongs to all tickers.
    """

    names: tuple[str, ...]
    first: int
    stop: int
    tickers: tuple[str, ...] = ()

    @property
    def known(self) -> int:
        """Return how many roles its names have."""
        return len(recognised_roles(self.names, ()))


def find_header(rows: Sequence[Sequence[str]], mapped: Mapping[str, str]) -> Header | None:
    """Return the first header among the rows that has a column of each role that an import needs, or None."""
    for number, row in enumerate(rows):
        if header := _two_lines(rows, number) or _pairs(row, number) or _one_line(row, number, mapped):
            stop = _first_data(rows, header)
            names = _name_index(header.names, rows[stop : stop + 1])
            return Header(names, header.first, stop, header.tickers)
    return None


def header_at(rows: Sequence[Sequence[str]], number: int) -> Header:
    """Return the header at a row that the user names, whatever its names."""
    return _two_lines(rows, number) or Header(tuple(rows[number]), number, number + 1)


def widest(rows: Sequence[Sequence[str]]) -> int:
    """Return the row with the most texts that are no numbers, which is the likeliest header, or 0."""
    return max(range(len(rows)), key=lambda number: sum(map(_is_name, rows[number])), default=0)


def _one_line(row: Sequence[str], number: int, mapped: Mapping[str, str]) -> Header | None:
    roles = recognised_roles(row, mapped.values()) | (mapped.keys() if set(mapped.values()) <= set(row) else set())
    return Header(tuple(row), number, number + 1) if roles.issuperset(NEEDED) else None


def _two_lines(rows: Sequence[Sequence[str]], number: int) -> Header | None:
    """Return the header whose fields are on this row, and its tickers on the row above or below; days come first."""
    fields = rows[number]
    columns = [column for column in range(1, len(fields)) if recognised_roles([fields[column]], ()) & FIELDS]
    for other in (number - 1, number + 1):
        row = _filled(rows[other]) if 0 <= other < len(rows) else [""]
        tickers = [row[column] if column < len(row) else "" for column in columns]
        if not tickers or not (all(map(_is_name, tickers)) or (all(tickers) and _names_codes(row[0]))):
            continue
        of = {
            ticker: {fields[column] for column, name in zip(columns, tickers, strict=True) if name == ticker}
            for ticker in tickers
        }
        if all(recognised_roles([*names], ()) >= {"close", "volume"} for names in of.values()):
            shown = tuple(row[column] if column in columns else "" for column in range(len(fields)))
            return Header(("date", *fields[1:]), min(number, other), max(number, other) + 1, shown)
    return None


def _filled(row: Sequence[str]) -> list[str]:
    """Return a row in which an empty cell has the text before it, as a merged cell of Excel means it; no title."""
    filled = list(row[:2])
    if filled[:1] not in ([], [""]) and not recognised_roles(filled[:1], ()):
        return list(row)
    for cell in row[2:]:
        filled.append(cell or filled[-1])
    return filled


def _pairs(row: Sequence[str], number: int) -> Header | None:
    """Return the header of a line with names such as ``('Close', 'AAPL')``, as pandas writes two levels in one."""
    pairs = [_PAIR.fullmatch(name) for name in row]
    if not any(pairs):
        return None
    levels = [[pair[level] if pair else "" for pair in pairs] for level in (1, 2)]
    header = _two_lines(levels, 0) or _two_lines(levels, 1)
    return header and Header(header.names, number, number + 1, header.tickers)


def _first_data(rows: Sequence[Sequence[str]], header: Header) -> int:
    """Return the first row below a header that has a digit: lines of units, or of the name of the dates, have none."""
    for number in range(header.stop, min(header.stop + 3, len(rows))):
        if any(character.isdigit() for cell in rows[number] for character in cell):
            return number
    return header.stop


def _name_index(names: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Return the names, with one for the index of codes that pandas writes without, which is left of the fields."""
    if "code" in recognised_roles(names, ()):
        return tuple(names)
    index = next((column for column, name in enumerate(names) if recognised_roles([name], ()) & FIELDS), 0)
    codes = [
        column
        for row in rows
        for column, cell in enumerate(row[:index])
        if not normalise_name(names[column]) and _is_name(cell) and parse_day(cell) is None
    ]
    return tuple("code" if column in codes[:1] else name for column, name in enumerate(names))


def _names_codes(cell: str) -> bool:
    return "code" in recognised_roles([cell.strip().lower().removesuffix("s")], ())


def _is_name(cell: str) -> bool:
    """Return whether a cell has a text that is no number."""
    return bool(cell.strip()) and all(parse_number(cell, mark) is None for mark in MARKS)


def header_lines(header: Header) -> list[str]:
    """Say where a header is, unless it is the first line alone."""
    if header.stop == 1:
        return []
    lines = f"line {header.stop}" if header.stop == header.first + 1 else f"lines {header.first + 1} to {header.stop}"
    return [f"names of columns on {lines} (--header names another)"]
