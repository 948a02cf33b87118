"""Read a vendor's file as a table with one column a role, within bounds of size; texts stay texts.

The metadata of a Parquet file is checked before its values are read.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
from pyarrow import compute, parquet

from volopt.data.importing.columns import ColumnLayout, find_columns, normalise_name, recognised_roles
from volopt.data.importing.content import check_size, read_content, source_of, to_utf8
from volopt.data.importing.csv_table import read_csv
from volopt.data.importing.header import Header, find_header
from volopt.data.importing.issues import Issue
from volopt.data.importing.sheet import read_sheet
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

MAX_TEXT_LENGTH = 100  # characters of a value in a Parquet file; no day, number or code is longer
TICKER = "Ticker"  # the name of the column of codes that a header of two lines gives
Read = Callable[[Sequence[int]], pd.DataFrame]  # columns of a file by their numbers, which name them


@dataclass(frozen=True)
class VendorTable:
    """Hold one column a role, as the file has them; ``issues`` count lines that are not rows.

    ``name`` is that of the file, ``separator`` that of a CSV file, and ``read`` reads any of its columns again.
    """

    source: str
    layout: ColumnLayout
    values: pd.DataFrame
    read: Read
    issues: tuple[Issue, ...] = ()
    notes: tuple[str, ...] = ()
    name: str = ""
    separator: str = ""

    @property
    def stacked(self) -> bool:
        """Return whether it has the rows of several tickers, which share the lines that ``read`` returns."""
        return self.layout.header[-1:] == (TICKER,)


def read_table(
    path: Path, mapped: Mapping[str, str], encoding: str | None = None, line: int | None = None
) -> VendorTable:
    """Read the recognised columns of CSV, its gzip or zip, Excel or Parquet; the content decides which it is.

    Args:
        path: of the file; ``-`` is standard input.
        mapped: names of columns by role.
        encoding: of a text; None to find it.
        line: the line of the names of the columns, from 1; None to find it.

    Raises:
        DataError: the file cannot be read, is not a table within bounds, or lacks a column.
    """
    source, content = source_of(path), read_content(path)
    if content.is_parquet:
        header, read = _open_parquet(content.data, source)
        layout, values = _by_role(header, read, mapped, source)
        return VendorTable(source, layout, values, read, name=content.name)
    if content.is_excel:
        sheet = read_sheet(content.data, mapped, source, line)
        layout, values = _by_role(sheet.header, sheet.read, mapped, source)
        return VendorTable(source, layout, values, sheet.read, sheet.issues, sheet.notes, content.name)
    text, assumed = to_utf8(content.data, source, encoding)
    table = read_csv(text, mapped, source, line)
    try:
        layout, values = _by_role(table.header, table.read, mapped, source)
    except DataError as error:
        raise DataError(error.message, "; ".join([error.hint, *assumed])) from error
    notes = (*assumed, *table.notes)
    return VendorTable(source, layout, values, table.read, table.issues(), notes, content.name, table.separator)


def _by_role(header: Header, read: Read, mapped: Mapping[str, str], source: str) -> tuple[ColumnLayout, pd.DataFrame]:
    """Return the layout of a header, and its columns by role; those of several tickers are stacked."""
    if not header.tickers:
        layout = find_columns(header.names, mapped, source)
        return layout, _named(read(list(layout.columns.values())), layout, range(len(header.names)))
    columns: dict[str, list[int]] = {}
    for ticker in dict.fromkeys(filter(None, header.tickers)):
        columns[ticker] = [number for number, of in enumerate(header.tickers) if of in ("", ticker)]
    layouts = {
        ticker: find_columns([header.names[number] for number in numbers], mapped, source)
        for ticker, numbers in columns.items()
    }
    table = read(sorted({columns[ticker][place] for ticker, of in layouts.items() for place in of.columns.values()}))
    parts = [_named(table, layouts[ticker], columns[ticker]).assign(code=ticker) for ticker in columns]
    first = next(iter(layouts.values()))
    layout = ColumnLayout((*first.header, TICKER), {**first.columns, "code": len(first.header)})
    return layout, pd.concat(parts, ignore_index=True)


def _named(table: pd.DataFrame, layout: ColumnLayout, numbers: Sequence[int]) -> pd.DataFrame:
    return pd.DataFrame({role: table[numbers[place]] for role, place in layout.columns.items()})


def _open_parquet(content: bytes, source: str) -> tuple[Header, Read]:
    try:
        file = parquet.ParquetFile(io.BytesIO(content))
        schema, metadata = file.schema_arrow, file.metadata
        unpacked = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise _broken_parquet(source) from error
    check_size(source, columns=len(schema.names), rows=metadata.num_rows, unpacked=unpacked)
    names = sorted(map(str, schema.names), key=lambda name: name.startswith("("))  # the index before pairs

    def read(numbers: Sequence[int]) -> pd.DataFrame:
        kinds = {names[number]: schema.field(names[number]).type for number in numbers}
        texts = [name for name, kind in kinds.items() if _is_text(kind)]
        try:
            opened = parquet.ParquetFile(io.BytesIO(content), read_dictionary=texts)
            table = opened.read(columns=list(kinds))
            return pd.DataFrame({number: _convert(table.column(names[number]), source) for number in numbers})
        except (pa.ArrowException, OSError, KeyError, ValueError) as error:
            raise _broken_parquet(source) from error

    return _header_of_parquet(schema, names), read


def _header_of_parquet(schema: pa.Schema, names: Sequence[str]) -> Header:
    """Return the header; an index of texts without a name has the codes."""
    if (header := find_header([names], {})) and header.tickers:
        return header
    kinds = {str(field.name): field.type for field in schema}
    codes = [name for name in names if not normalise_name(name) and _is_text(kinds[name])]
    if len(codes) == 1 and "code" not in recognised_roles(names, ()):
        names = ["code" if name in codes else name for name in names]
    return Header(tuple(names), 0, 1)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _broken_parquet(source: str) -> DataError:
    return DataError(f"{source} is not a readable Parquet file", "download it again")


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
