"""Parquet files: what is in them is looked at before it is read."""

import io
from collections.abc import Sequence

import pandas as pd
import pyarrow as pa
from pyarrow import parquet as arrow_parquet

from volopt.data.importing.columns import ColumnLayout
from volopt.data.importing.text import KINDS, MAX_BYTES
from volopt.definition.plain import shortened
from volopt.errors import DataError

LONGEST = 100  # characters of a value; no day, number or code has more


def header(content: bytes, source: str, most_columns: int, most_rows: int) -> list[str]:
    """The names of the columns.

    Raises:
        DataError: it is broken, or has more columns, rows or bytes than it may.
    """
    try:
        file = arrow_parquet.ParquetFile(io.BytesIO(content))
        names = list(map(str, file.schema_arrow.names))
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _broken(source) from error
    groups = [file.metadata.row_group(number) for number in range(file.num_row_groups)]
    for found, most, what in (
        (len(names), most_columns, "columns"),
        (file.metadata.num_rows, most_rows, "rows"),
        (sum(group.total_byte_size for group in groups), MAX_BYTES, "bytes unpacked"),
    ):
        if found > most:
            raise DataError(f"{source} has {found} {what}, at most {most} are read", KINDS)
    return names


def columns(content: bytes, layout: ColumnLayout, source: str) -> pd.DataFrame:
    """The known columns of the file, texts as texts."""
    names = [layout.header[column] for column in layout.columns.values()]
    try:
        schema = arrow_parquet.read_schema(io.BytesIO(content))
        texts = [name for name in names if _is_text(schema.field(name).type)]
        file = arrow_parquet.ParquetFile(io.BytesIO(content), read_dictionary=texts)
        table = file.read(columns=names)
        values = {role: _column(table.column(name), source) for role, name in zip(layout.columns, names, strict=True)}
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise _broken(source) from error
    return pd.DataFrame(values)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _column(column: pa.ChunkedArray, source: str) -> pd.Series:
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _shortened(column)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        hint = "name another column with --map"
        raise DataError(f"{source} has a column of {shortened(str(kind))}, no days, numbers or texts", hint)
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
    values: pd.Series = column.to_pandas(date_as_object=False)
    return values


def _shortened(column: pa.ChunkedArray) -> pd.Series:
    """Texts of a dictionary: one that is long may stand in millions of rows, and is cut before it is repeated."""
    chunks: Sequence[pd.Categorical] = [chunk.to_pandas() for chunk in column.chunks]
    parts = [
        pd.Series(pd.Series(chunk.categories.astype(str).str.slice(0, LONGEST), dtype=object).reindex(chunk.codes))
        for chunk in map(pd.Categorical, chunks)
    ]
    whole = pd.concat(parts) if parts else pd.Series([], dtype=object)
    return whole.reset_index(drop=True)


def _broken(source: str) -> DataError:
    return DataError(f"{source} is no Parquet file that can be read", "get it anew")
