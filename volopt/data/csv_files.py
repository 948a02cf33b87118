"""CSV files whose columns are named by qlib expressions: ``instrument,datetime,"Ref($close, 1)",…``."""

import io
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from volopt.data.files import inside, read_bounded
from volopt.definition.expressions import ExpressionError, parse
from volopt.errors import DataError, suggest

MAX_BYTES = 100_000_000
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
        raise DataError(f"{source} has no column datetime", suggest("datetime", table.columns))
    table = _rows_of(table, instrument, source)
    days = _days(table["datetime"], source)
    values = {text: _numbers(table[columns[text]], source) for text in texts}
    return pd.DataFrame(values).set_axis(days).sort_index()


def read_file(directory: Path, name: str) -> bytes:
    """The bytes of a CSV file of the directory."""
    return read_bounded(inside(directory, name), MAX_BYTES)


def _table(content: bytes, source: str) -> pd.DataFrame:
    try:
        table = pd.read_csv(io.BytesIO(content), dtype=dict.fromkeys(NAMES, str), low_memory=False)
    except (ValueError, pd.errors.ParserError) as error:  # also a wrong encoding and an empty file
        reason = str(error).splitlines()[0]
        raise DataError(f"{source} is no CSV table: {reason}", "write comma-separated UTF-8 text") from error
    return table.fillna({name: "" for name in NAMES if name in table.columns})


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
        raise DataError(f"{source} has no rows of instrument {instrument}", suggest(instrument, known))
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


def _numbers(column: pd.Series, source: str) -> "pd.Series[float]":
    numbers = pd.to_numeric(column, errors="coerce")
    wrong = column[numbers.isna() & column.notna()]
    if len(wrong):
        found = str(wrong.iloc[0])[:40]
        raise DataError(f"{source} has {found!r} in column {column.name}", "write numbers, or leave it empty")
    return numbers.astype("float64").reset_index(drop=True)
