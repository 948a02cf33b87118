"""Find the table in a CSV file: its separator, its header among the first lines, and its rows.

The separator is the comma, semicolon, tab or bar with which one of the first lines is a header. Lines with a different
number of values than the header are dropped and counted; more than one, and one more in each hundred, refuse the file.
Titles above the header, ``sep=;``, and notes below the rows do not.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd
import pyarrow as pa
from pyarrow import csv as arrow_csv

from volopt.data.importing.content import ACCEPTED, MAX_ROWS, check_size
from volopt.data.importing.dates import parse_day
from volopt.data.importing.header import MAX_LINES, Header, find_header, header_at, header_lines, widest
from volopt.data.importing.issues import Issue, count_cases
from volopt.definition.plain_text import MAX_REASON, shortened
from volopt.errors import DataError

LINES_PER_DROPPED = 100  # a line may be dropped, and one more in each so many
SEPARATORS = ",;\t|"
_SEPARATOR_LINE = re.compile(r'"?sep=([,;\t|:~^])"?[,;\s]*', re.IGNORECASE)


@dataclass(frozen=True)
class CsvTable:
    """Hold where the table of a CSV file is: the bytes of its rows, and the lines around them that are no rows."""

    source: str
    separator: str
    header: Header
    rows: bytes
    above: Sequence[str]
    below: Sequence[str]
    padded: int  # columns beyond the names of the header, which must be empty
    dropped: Sequence[str] = ()

    @property
    def notes(self) -> list[str]:
        """Return where the header is, unless it is the first line."""
        return header_lines(self.header)

    def issues(self) -> tuple[Issue, ...]:
        """Count the lines that are no rows."""
        return (
            *count_cases("lines above the header", self.above),
            *count_cases("lines with a different number of values than the first", map(str.strip, self.dropped)),
            *count_cases("lines below the rows", self.below),
        )

    def read(self, numbers: Sequence[int]) -> pd.DataFrame:
        """Return columns by their numbers, as texts."""
        table, kept, _ = self.parse(numbers)
        return table.loc[kept, list(numbers)].reset_index(drop=True)

    def parse(self, numbers: Sequence[int]) -> tuple[pd.DataFrame, pd.Series, list[str]]:
        """Return columns of all rows, which rows have nothing beyond the header, and lines of other lengths."""
        width = len(self.header.names)
        beyond = [str(number) for number in range(width - self.padded, width)]
        wanted = list(dict.fromkeys([*map(str, numbers), *beyond]))
        dropped: list[str] = []

        def drop(row: arrow_csv.InvalidRow) -> str:
            dropped.append(row.text)
            return "skip" if len(dropped) <= MAX_ROWS // LINES_PER_DROPPED else "error"

        try:
            table = arrow_csv.read_csv(
                io.BytesIO(self.rows or b"\n"),
                read_options=arrow_csv.ReadOptions(column_names=list(map(str, range(width))), use_threads=False),
                parse_options=arrow_csv.ParseOptions(delimiter=self.separator, invalid_row_handler=drop),
                convert_options=arrow_csv.ConvertOptions(
                    column_types=dict.fromkeys(wanted, pa.string()), include_columns=wanted, strings_can_be_null=False
                ),
            )
        except pa.ArrowException as error:
            raise not_a_table(self.source, str(error).partition("\n")[0]) from error
        check_size(self.source, rows=table.num_rows)
        values = pd.DataFrame({int(name): table.column(name).to_pandas() for name in wanted})
        kept = (values[[int(name) for name in beyond]].apply(lambda texts: texts.str.strip()) == "").all(axis=1)
        return values, kept, dropped


def read_csv(text: bytes, mapped: Mapping[str, str], source: str, line: int | None = None) -> CsvTable:
    """Find the table of a text in UTF-8; ``line`` is that of its header, from 1, or None to find it.

    Raises:
        DataError: it is not a table within bounds.
    """
    text = text if b"\n" in text else text.replace(b"\r", b"\n")
    head = text.split(b"\n", MAX_LINES)[:MAX_LINES]
    lines = [each.decode(errors="replace").removesuffix("\r") for each in head]
    separator, rows, header = _find_header(lines, mapped, source, line)
    check_size(source, columns=len(header.names))
    start = sum(len(each) + 1 for each in head[: header.stop])
    body, below = _without_notes(text[start:], separator, len(header.names))
    above = [each for each in lines[: header.first] if each.strip()]
    table = _fit(CsvTable(source, separator, header, body, above, below, 0), rows[header.stop :])
    values, kept, dropped = table.parse([0])
    filled = sum(each not in (b"\n", b"\r\n") for each in io.BytesIO(body))
    if len(values) + len(dropped) != filled:
        raise not_a_table(source, "a quote is not closed, or a quoted value has line breaks")
    dropped += [separator.join(map(str, row)) for row in values[~kept].to_numpy()]
    if len(dropped) > 1 + len(values) // LINES_PER_DROPPED:
        raise not_a_table(source, f"a line has a different number of values than the first: {shortened(dropped[0])}")
    return replace(table, dropped=dropped)


def _find_header(
    lines: Sequence[str], mapped: Mapping[str, str], source: str, line: int | None
) -> tuple[str, list[list[str]], Header]:
    """Return the separator, the first lines split by it, and their header."""
    filled = [each for each in lines if each.strip()]
    if not filled:
        raise not_a_table(source, "it is empty")
    said = _SEPARATOR_LINE.fullmatch(filled[0])
    separators = said[1] if said else SEPARATORS
    split = {separator: [_split(each, separator, source) for each in lines] for separator in separators}
    if line is not None:
        if line > len(lines) or not lines[line - 1].strip():
            raise DataError(f"{source} has no names on line {line}", f"give --header a line from 1 to {len(lines)}")
        separator = max(separators, key=lines[line - 1].count)
        return separator, split[separator], header_at(split[separator], line - 1)
    found = {separator: find_header(rows, mapped) for separator, rows in split.items()}
    headers = {separator: header for separator, header in found.items() if header}
    if headers:
        separator = max(headers, key=lambda each: headers[each].known)
        return separator, split[separator], headers[separator]
    separator = max(separators, key=lambda each: max(map(len, split[each])))
    number = widest(split[separator])
    if not any(split[separator][number]):
        raise not_a_table(source, "it has no names of columns")
    return separator, split[separator], header_at(split[separator], number)


def _split(line: str, separator: str, source: str) -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([line], delimiter=separator), [])]
    except csv.Error as error:
        raise not_a_table(source, str(error)) from error


def _without_notes(rows: bytes, separator: str, width: int) -> tuple[bytes, list[str]]:
    """Return the rows without the lines at their end that begin with no day and have too few values."""
    below: list[str] = []
    while len(below) < MAX_LINES:
        stripped = rows.rstrip(b"\r\n")
        start = stripped.rfind(b"\n") + 1
        line = stripped[start:].decode(errors="replace")
        cells = line.split(separator)
        if not stripped or len(cells) >= width or any(parse_day(cell.strip(' "')) for cell in cells):
            break
        below.insert(0, line.strip())
        rows = rows[:start]
    return rows, below


def _fit(table: CsvTable, rows: Sequence[Sequence[str]]) -> CsvTable:
    """Return the table with as many columns as most of its rows have, where only empty ones are too many or few."""
    header, width = table.header, len(table.header.names)
    filled = [row for row in rows if any(row)]
    usual = Counter(map(len, filled)).most_common(1)[0][0] if filled else width
    if usual > width and 2 * sum(any(row[width:]) for row in filled) < len(filled):
        more = ("",) * (usual - width)
        tickers = (*header.tickers, *more) if header.tickers else ()
        return replace(table, header=replace(header, names=(*header.names, *more), tickers=tickers), padded=len(more))
    if usual < width and not any(header.names[usual:]):
        return replace(table, header=replace(header, names=header.names[:usual], tickers=header.tickers[:usual]))
    return table


def not_a_table(source: str, reason: str) -> DataError:
    """Return the error of a text that is no table."""
    return DataError(f"{source} is not a table: {shortened(reason, MAX_REASON)}", ACCEPTED)
