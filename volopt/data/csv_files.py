"""CSV files whose columns are named by qlib expressions: ``instrument,datetime,"Ref($close, 1)",…``."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path

import pandas as pd

from volopt.data.files import inside, read_bounded
from volopt.definition.expressions import ExpressionError, parse
from volopt.definition.plain import shortened
from volopt.errors import DataError, suggest

MAX_BYTES = 20_000_000
MAX_COLUMNS = 1000
MAX_KNOWN = 1000  # names that a mistaken one is compared with
NAMES = ("instrument", "datetime")  # texts, whatever they look like: 000001 is not 1


def read_csv(content: bytes, source: str, instrument: str, texts: Sequence[str]) -> pd.DataFrame:
    """The columns of the canonical ``texts``, float64, by ascending day.

    Args:
        content: the file's bytes.
        source: what to call the file in an error.
        instrument: whose rows to take where the file has a column ``instrument``.

    Raises:
        DataError: no such table, a column or the instrument is absent, or dates or numbers are not.
    """
    table = _table(content, source)
    columns = _canonical(table.columns, source)
    for text in texts:
        if text not in columns:
            raise DataError(f"{source} has no column {text}", suggest(text, columns))
    if "datetime" not in table.columns:
        raise DataError(f"{source} has no column datetime", _suggest("datetime", table.columns))
    table = _rows_of(table, instrument, source)
    days = _days(table["datetime"], source)
    values = {text: _numbers(table[columns[text]], text, source) for text in texts}
    return pd.DataFrame(values).set_axis(days).sort_index()


def read_file(directory: Path, name: str) -> bytes:
    """The bytes of a CSV file of the directory."""
    return read_bounded(inside(directory, name), MAX_BYTES)


def _table(content: bytes, source: str) -> pd.DataFrame:
    try:
        _check_width(content)
        table = pd.read_csv(io.BytesIO(content), dtype=dict.fromkeys(NAMES, str), low_memory=False)
    except (ValueError, csv.Error) as error:  # also a wrong encoding and an empty file
        reason = str(error).partition("\n")[0]
        raise DataError(f"{source} is no CSV table: {reason}", "write comma-separated UTF-8 text") from error
    return table.fillna({name: "" for name in NAMES if name in table.columns})


def _check_width(content: bytes) -> None:
    """Refuse more columns than a table may have, and rows longer than the header: pandas makes an index of the rest."""
    rows = csv.reader(io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline=""))
    filled = (row for row in rows if row)
    width = len(next(filled, ()))
    if width > MAX_COLUMNS:
        raise ValueError(f"it has {width} columns, at most {MAX_COLUMNS} are read")
    for row in filled:
        if len(row) > width:
            raise ValueError(f"line {rows.line_num} has {len(row)} values, the header {width}")


def _suggest(name: str, known: Iterable[object]) -> str:
    """A hint of the file's own names, which may be any text and any number."""
    return suggest(name, [shortened(str(each)) for each in islice(known, MAX_KNOWN)])


def _canonical(header: pd.Index, source: str) -> dict[str, str]:
    """The file's own name of each column, by the canonical text of the expression that it names."""
    columns: dict[str, str] = {}
    for name in map(str, header):
        try:
            text = parse(name).text
        except ExpressionError:
            continue  # a column of something else
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
        found = str(texts[days.isna()].iloc[0])
        raise DataError(f"{source} has {found[:40]!r} where a date belongs", "write dates as 2010-01-04")
    if days.duplicated().any():
        day = days[days.duplicated()].iloc[0]
        raise DataError(f"{source} has the day {day:%Y-%m-%d} twice", "keep one row a day")
    return pd.DatetimeIndex(days, name="datetime")


def _numbers(column: pd.Series, text: str, source: str) -> "pd.Series[float]":
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[numbers.isna() & column.notna()]
    if len(wrong):
        found = str(wrong.iloc[0])[:40]
        raise DataError(f"{source} has {found!r} in column {text}", "write numbers, or leave it empty")
    return numbers.astype("float64").reset_index(drop=True)
