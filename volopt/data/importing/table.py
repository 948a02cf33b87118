"""A vendor's file as a table of the columns that are known: nothing is read without a bound, texts stay texts.

A CSV file is separated by commas, semicolons, tabs or bars, whichever its first line has most of; lines of another
length than the first are left out and counted, but for more than one in a hundred, which is no table.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from volopt.data.importing import parquet
from volopt.data.importing.columns import ColumnLayout, recognise
from volopt.data.importing.issues import Issue, found
from volopt.data.importing.text import KINDS, PARQUET, content, utf8
from volopt.definition.plain import shortened
from volopt.errors import DataError

MAX_COLUMNS = 1000
MAX_ROWS = 5_000_000
_FIRST_LINE = re.compile(rb"[\r\n]*([^\r\n]*)(?:\r\n|\r|\n|$)")
_TOLERATED = 100  # lines for each one of another length


@dataclass(frozen=True)
class VendorTable:
    """A column a role, as the file has them; ``findings`` are of lines that are no rows."""

    source: str
    layout: ColumnLayout
    values: pd.DataFrame
    findings: tuple[Issue, ...]


def read_table(path: Path, given: Mapping[str, str]) -> VendorTable:
    """Read the known columns of a CSV file, its gzip, or Parquet, by what is in it.

    Args:
        path: the file.
        given: the names of columns by role that the user says.

    Raises:
        DataError: it cannot be read, is no table within bounds, or lacks a column.
    """
    source = str(path)
    found_there = content(path)
    if found_there.startswith(PARQUET):
        header = parquet.header(found_there, source, MAX_COLUMNS, MAX_ROWS)
        layout = recognise(header, given, source)
        return VendorTable(source, layout, parquet.columns(found_there, layout, source), ())
    return _csv(utf8(found_there, source), given, source)


def _csv(text: bytes, given: Mapping[str, str], source: str) -> VendorTable:
    first = _FIRST_LINE.match(text)
    line = first[1].decode() if first else ""
    separator = max(",;\t|", key=line.count)
    header = _header(line, separator, source)
    layout = recognise(header, given, source)
    rest = text[first.end() :] if first else b""
    rest = rest if b"\n" in rest else rest.replace(b"\r", b"\n")
    table, short = _rows(rest, len(header), separator, layout, source)
    if table.num_rows + len(short) != sum(line not in (b"\n", b"\r\n") for line in io.BytesIO(rest)):
        raise _no_table(source, "a quote is open, or there are line breaks between quotes")
    if len(short) > 1 + table.num_rows // _TOLERATED:
        raise _no_table(source, f"a line has another number of values than the first: {shortened(short[0])}")
    values = {role: table.column(str(column)).to_pandas() for role, column in layout.columns.items()}
    findings = found("lines with another number of values than the first", [line.strip() for line in short])
    return VendorTable(source, layout, pd.DataFrame(values), tuple(findings))


def _header(line: str, separator: str, source: str) -> list[str]:
    try:
        header = next(csv.reader(io.StringIO(line), delimiter=separator), [])
    except csv.Error as error:
        raise _no_table(source, str(error)) from error
    if not any(name.strip() for name in header):
        raise _no_table(source, "it is empty")
    if len(header) > MAX_COLUMNS:
        raise _no_table(source, f"it has {len(header)} columns, at most {MAX_COLUMNS} are read")
    return [name.strip() for name in header]


def _rows(text: bytes, width: int, separator: str, layout: ColumnLayout, source: str) -> tuple[pa.Table, list[str]]:
    """The known columns as texts, and the lines that have another number of values."""
    names = [str(column) for column in range(width)]
    taken = [str(column) for column in layout.columns.values()]
    short: list[str] = []

    def keep(row: arrow_csv.InvalidRow) -> str:
        short.append(row.text)
        return "skip" if len(short) <= MAX_ROWS // _TOLERATED else "error"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text or b"\n"),
            read_options=arrow_csv.ReadOptions(column_names=names, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, invalid_row_handler=keep),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(taken, pa.string()), include_columns=taken, strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        raise _no_table(source, str(error).partition("\n")[0]) from error
    if table.num_rows > MAX_ROWS:
        raise _no_table(source, f"it has {table.num_rows} rows, at most {MAX_ROWS} are read")
    return table, short


def _no_table(source: str, reason: str) -> DataError:
    return DataError(f"{source} is no table: {shortened(reason) if len(reason) > 200 else reason}", KINDS)
