"""Read CSV files whose columns are named by qlib expressions: ``instrument,datetime,"Ref($close, 1)",…``."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from volopt.data.files import path_inside, read_bounded
from volopt.definition.expressions import ExpressionError, parse
from volopt.definition.plain_text import shortened
from volopt.errors import DataError, suggest

MAX_BYTES = 20_000_000
MAX_COLUMNS = 1000
MAX_NAMES_COMPARED = 1000  # with an unknown one, to suggest the nearest
TEXT_COLUMNS = ("instrument", "datetime")  # never read as numbers: 000001 is not 1


def read_csv(content: bytes, source: str, instrument: str, expressions: Sequence[str]) -> pd.DataFrame:
    """Return the columns of canonical ``expressions``, float64, by ascending day.

    A file with a column ``instrument`` gives only the rows of ``instrument``. Errors name the file ``source``.

    Raises:
        DataError: the file is not such a table, lacks a column or the instrument, or has an invalid date or number.
    """
    table = _read_table(content, source)
    columns = _canonical_columns(table.columns, source)
    for text in expressions:
        if text not in columns:
            raise DataError(f"{source} has no column {text}", suggest(text, columns))
    if "datetime" not in table.columns:
        raise DataError(f"{source} has no column datetime", _suggest("datetime", table.columns))
    table = _rows_of(table, instrument, source)
    days = _days(table["datetime"], source)
    values = {text: _numbers(table[columns[text]], text, source) for text in expressions}
    return pd.DataFrame(values).set_axis(days).sort_index()


def read_file(directory: Path, name: str) -> bytes:
    """Return the bytes of a CSV file of the directory."""
    return read_bounded(path_inside(directory, name), MAX_BYTES)


def _read_table(content: bytes, source: str) -> pd.DataFrame:
    try:
        _check_width(content)
        table = pd.read_csv(io.BytesIO(content), dtype=dict.fromkeys(TEXT_COLUMNS, str), low_memory=False)
    except (ValueError, csv.Error) as error:  # also a wrong encoding and an empty file
        reason = str(error).partition("\n")[0]
        raise DataError(f"{source} is not a CSV table: {reason}", "write comma-separated UTF-8 text") from error
    return table.fillna({name: "" for name in TEXT_COLUMNS if name in table.columns})


def _check_width(content: bytes) -> None:
    """Refuse too many columns, and rows longer than the header: pandas would use their first values as an index."""
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""))
    filled = (row for row in rows if row)
    width = len(next(filled, ()))
    if width > MAX_COLUMNS:
        raise ValueError(f"it has {width} columns, more than the limit of {MAX_COLUMNS}")
    for row in filled:
        if len(row) > width:
            raise ValueError(f"line {rows.line_num} has {len(row)} values, the header has {width}")


def _suggest(name: str, known: Iterable[object]) -> str:
    """Return a hint with names of the file, which may be any texts in any number."""
    return suggest(name, [shortened(str(other)) for other in islice(known, MAX_NAMES_COMPARED)])


def _canonical_columns(header: pd.Index, source: str) -> dict[str, str]:
    """Return the file's own column names, by the canonical text of the expression that each names."""
    columns: dict[str, str] = {}
    for name in map(str, header):
        try:
            text = parse(name).text
        except ExpressionError:
            continue  # not a column of values
        if text in columns:
            raise DataError(f"{source} has two columns {text}", "remove one of them")
        columns[text] = name
    return columns


def _rows_of(table: pd.DataFrame, instrument: str, source: str) -> pd.DataFrame:
    if "instrument" not in table.columns:
        return table
    rows = table[table["instrument"] == instrument]
    if rows.empty:
        known = table["instrument"].unique()
        raise DataError(f"{source} has no rows of instrument {instrument}", _suggest(instrument, known))
    return rows


def _days(texts: pd.Series, source: str) -> pd.DatetimeIndex:
    days = pd.to_datetime(texts, format="%Y-%m-%d", errors="coerce")
    if days.isna().any():
        text = str(texts[days.isna()].iloc[0])
        raise DataError(f"{source} has {text[:40]!r} where a date belongs", "write dates as 2010-01-04")
    if days.duplicated().any():
        day = days[days.duplicated()].iloc[0]
        raise DataError(f"{source} has the day {day:%Y-%m-%d} twice", "keep one row a day")
    return pd.DatetimeIndex(days, name="datetime")


def _numbers(column: pd.Series, expression: str, source: str) -> "pd.Series[float]":
    numbers = pd.to_numeric(column, errors="coerce")
    unreadable = column[numbers.isna() & column.notna()]
    if len(unreadable):
        text = str(unreadable.iloc[0])[:40]
        raise DataError(f"{source} has {text!r} in column {expression}", "write numbers, or leave cells empty")
    return numbers.astype("float64").reset_index(drop=True)
