"""Read a vendor's file as a table with one column a role, within bounds of size; texts stay texts.

The metadata of a Parquet file is checked before its values are read.
The separator of a CSV file is the comma, semicolon, tab or bar that its first line has most often. Lines with a
different number of values than the first are dropped and counted; more than one, and one more in each hundred, refuse
the file.
"""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import compute, parquet
from pyarrow import csv as arrow_csv

from volopt.data.importing.columns import ColumnLayout, find_columns
from volopt.data.importing.content import ACCEPTED, MAX_ROWS, PARQUET, check_size, read_content, to_utf8
from volopt.data.importing.issues import Issue, count_cases
from volopt.definition.plain_text import MAX_REASON, shortened
from volopt.errors import DataError

LINES_PER_DROPPED = 100  # a line may be dropped, and one more in each so many
MAX_TEXT_LENGTH = 100  # characters of a value in a Parquet file; no day, number or code is longer
_FIRST_LINE = re.compile(rb"[\r\n]*([^\r\n]*)(?:\r\n|\r|\n|$)")


@dataclass(frozen=True)
class VendorTable:
    """Hold one column a role, as the file has them; ``issues`` count lines that are not rows."""

    source: str
    layout: ColumnLayout
    values: pd.DataFrame
    issues: tuple[Issue, ...]


def read_table(path: Path, mapped: Mapping[str, str]) -> VendorTable:
    """Read the recognised columns of a CSV file, its gzip, or Parquet; the content decides which it is.

    Raises:
        DataError: the file cannot be read, is not a table within bounds, or lacks a column.
    """
    source, content = str(path), read_content(path)
    if content.startswith(PARQUET):
        return _read_parquet(content, mapped, source)
    return _read_csv(to_utf8(content, source), mapped, source)


def _read_csv(text: bytes, mapped: Mapping[str, str], source: str) -> VendorTable:
    first = _FIRST_LINE.match(text)
    line = first[1].decode() if first else ""
    separator = max(",;\t|", key=line.count)
    header = _read_header(line, separator, source)
    layout = find_columns(header, mapped, source)
    rest = text[first.end() :] if first else b""
    rest = rest if b"\n" in rest else rest.replace(b"\r", b"\n")
    table, dropped = _read_rows(rest, len(header), separator, layout, source)
    if table.num_rows + len(dropped) != sum(line not in (b"\n", b"\r\n") for line in io.BytesIO(rest)):
        raise _not_a_table(source, "a quote is not closed, or a quoted value has line breaks")
    if len(dropped) > 1 + table.num_rows // LINES_PER_DROPPED:
        raise _not_a_table(source, f"a line has a different number of values than the first: {shortened(dropped[0])}")
    values = {role: table.column(str(column)).to_pandas() for role, column in layout.columns.items()}
    issues = count_cases("lines with a different number of values than the first", [line.strip() for line in dropped])
    return VendorTable(source, layout, pd.DataFrame(values), tuple(issues))


def _read_header(line: str, separator: str, source: str) -> list[str]:
    try:
        header = [name.strip() for name in next(csv.reader(io.StringIO(line), delimiter=separator), [])]
    except csv.Error as error:
        raise _not_a_table(source, str(error)) from error
    if not any(header):
        raise _not_a_table(source, "it is empty")
    check_size(source, columns=len(header))
    return header


def _read_rows(
    text: bytes, width: int, separator: str, layout: ColumnLayout, source: str
) -> tuple[pa.Table, list[str]]:
    """Return the columns of the layout's roles as texts, and the lines with a different number of values."""
    columns = [str(column) for column in layout.columns.values()]
    dropped: list[str] = []

    def drop(row: arrow_csv.InvalidRow) -> str:
        dropped.append(row.text)
        return "skip" if len(dropped) <= MAX_ROWS // LINES_PER_DROPPED else "error"

    try:
        table = arrow_csv.read_csv(
            io.BytesIO(text or b"\n"),
            read_options=arrow_csv.ReadOptions(column_names=list(map(str, range(width))), use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=separator, invalid_row_handler=drop),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), include_columns=columns, strings_can_be_null=False
            ),
        )
    except pa.ArrowException as error:
        raise _not_a_table(source, str(error).partition("\n")[0]) from error
    check_size(source, rows=table.num_rows)
    return table, dropped


def _not_a_table(source: str, reason: str) -> DataError:
    return DataError(f"{source} is not a table: {shortened(reason, MAX_REASON)}", ACCEPTED)


def _read_parquet(content: bytes, mapped: Mapping[str, str], source: str) -> VendorTable:
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        schema, metadata = file.schema_arrow, file.metadata
        unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        check_size(source, columns=len(schema.names), rows=metadata.num_rows, unpacked=unpacked)
        layout = find_columns(list(map(str, schema.names)), mapped, source)
        names = [layout.header[column] for column in layout.columns.values()]
        kinds = {name: schema.field(name).type for name in names}
        texts = [name for name, kind in kinds.items() if pa.types.is_string(kind) or pa.types.is_large_string(kind)]
        table = parquet.ParquetFile(io.BytesIO(content), read_dictionary=texts).read(columns=names)
        values = {role: _convert(table.column(name), source) for role, name in zip(layout.columns, names, strict=True)}
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise DataError(f"{source} is not a readable Parquet file", "download it again") from error
    return VendorTable(source, layout, pd.DataFrame(values), ())


def _convert(column: pa.ChunkedArray, source: str) -> pd.Series:
    kind = column.type
    if pa.types.is_dictionary(kind):  # a long text, which millions of rows may repeat, is cut before it is repeated
        column = pa.chunked_array([_shorten_texts(chunk) for chunk in column.chunks], pa.string())
    elif pa.types.is_nested(kind) or pa.types.is_binary(kind):
        message = f"{source} has a column of {shortened(str(kind))} instead of days, numbers or texts"
        raise DataError(message, "name another column with --map")
    elif pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    values: pd.Series = column.to_pandas(date_as_object=False)
    return values


def _shorten_texts(chunk: pa.DictionaryArray) -> pa.Array:
    texts = compute.utf8_slice_codeunits(chunk.dictionary.cast(pa.string()), 0, MAX_TEXT_LENGTH)
    return texts.take(chunk.indices)
