"""Import files of vendors into a provider directory, new or to be extended.

Nothing is written before every file has been read. ``volopt.data.staging`` says what a killed process leaves.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from volopt.data.bins import folder
from volopt.data.files import list_names
from volopt.data.importing.clean import DailyTable, clean
from volopt.data.importing.content import MAX_ROWS
from volopt.data.importing.instruments import instrument_of_file
from volopt.data.importing.issues import Issue
from volopt.data.importing.merge import MergedDays, merge_days, read_days, write_merged
from volopt.data.importing.options import ImportOptions
from volopt.data.importing.rows import parse_rows
from volopt.data.importing.table import read_table
from volopt.data.provider import Provider, open_provider
from volopt.data.staging import replacing
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

MAX_INSTRUMENTS = 20_000  # that one list of a provider holds


@dataclass(frozen=True)
class FileReport:
    """Describe what was imported of a file; ``dropped`` and ``doubted`` count what belongs to no instrument alone."""

    file: str
    rows: int
    columns: Mapping[str, str]
    ignored: Sequence[str]
    notes: Sequence[str]
    dropped: Sequence[Issue]
    doubted: Sequence[Issue]


@dataclass(frozen=True)
class ImportedInstrument:
    """Describe what was imported of an instrument."""

    name: str
    first: date | None  # None if no row is left
    last: date | None
    rows: int
    days: int
    without_trade: int
    added: int
    known: int  # days that the provider had before
    dropped: Sequence[Issue]
    doubted: Sequence[Issue]


@dataclass(frozen=True)
class ImportReport:
    """Describe an import."""

    directory: str
    files: Sequence[FileReport]
    instruments: Sequence[ImportedInstrument]
    calendar: tuple[date, date, int]  # of the directory after the import: first day, last day, days


def import_files(files: Sequence[Path], directory: Path, options: ImportOptions) -> ImportReport:
    """Import files of daily rows into a provider directory, which may exist already.

    Raises:
        DataError: a file cannot be read, the directory cannot be extended or written, or is being written.
    """
    _open_existing(directory)  # an error comes before any file is read
    reports, rows = _read_files(files, options)
    groups = rows.groupby(_unify_spelling(rows["instrument"]))
    cleaned = {str(name): clean(group, str(name), options.on_duplicate) for name, group in groups}
    if all(days.values.empty for days in cleaned.values()):
        raise DataError(f"{files[0]} has no row with a date and a number", "check that it is the right file")
    try:
        with replacing(directory) as building:
            old = _open_existing(directory)
            spelling = {folder(name): name for name in (old.instruments if old else ())}
            cleaned = {spelling.get(folder(name), name): days for name, days in cleaned.items()}
            merged = {name: _merge(old, name, days) for name, days in cleaned.items()}
            written = {name: days.values for name, days in merged.items() if len(days.values)}
            calendar = write_merged(building, old, written)
    except OSError as error:
        reason = error.strerror or shortened(str(error))
        raise DataError(f"{directory} cannot be written: {reason}", "name another directory") from error
    instruments = [_report(name, days, merged[name]) for name, days in cleaned.items()]
    ends = calendar[0].date(), calendar[-1].date(), len(calendar)
    return ImportReport(str(directory), reports, instruments, ends)


def _open_existing(directory: Path) -> Provider | None:
    """Return the provider to extend, or None if there is nothing yet.

    Raises:
        DataError: there is something else, or a synthetic sample.
    """
    if not os.path.exists(directory):  # noqa: PTH110  # Path.exists raises for a name that is too long
        return None
    if not directory.is_dir():
        raise DataError(f"{directory} is not a directory", "name a directory with --to")
    names = list_names(directory)
    if not names:
        return None
    if not {"calendars", "instruments", "features"} <= set(names):
        raise DataError(f"{directory} exists and is not a qlib provider directory", "name another directory with --to")
    provider = open_provider(directory)
    if provider.synthetic:
        message = f"{directory} is a synthetic sample: real and generated rows must not mix"
        raise DataError(message, "name another directory with --to")
    return provider


def _read_files(files: Sequence[Path], options: ImportOptions) -> tuple[list[FileReport], pd.DataFrame]:
    """Return a report of each file, and the rows of all files in their order."""
    reports, parts, count = [], [], 0
    for path in files:
        table = read_table(path, options.columns, options.encoding, options.header)
        has_codes = "code" in table.layout.columns
        instrument = "" if has_codes else options.instrument or instrument_of_file(table.name, table.source)
        rows = parse_rows(table, instrument, options)
        origin = "the code column" if has_codes else "--instrument" if options.instrument else "the name of the file"
        ignored = "; --instrument is ignored" if has_codes and options.instrument else ""
        notes = [f"instrument from {origin}{ignored}", *rows.notes]
        layout = table.layout
        reports.append(
            FileReport(table.source, rows.read, layout.names, layout.ignored, notes, rows.dropped, rows.doubted)
        )
        parts.append(rows.values)
        count += len(rows.values)
        if count > MAX_ROWS:
            hint = "import them in several runs; each run extends the directory"
            raise DataError(f"the files have more than {MAX_ROWS} rows together", hint)
    rows_of_all = pd.concat(parts, ignore_index=True)
    if rows_of_all["instrument"].nunique() > MAX_INSTRUMENTS:
        raise DataError(f"the files have more than {MAX_INSTRUMENTS} instruments", "import fewer of them")
    return reports, rows_of_all


def _unify_spelling(instruments: pd.Series) -> pd.Series:
    """Return the names so that those that share a folder, as AAPL and aapl do, are spelt as the first of them."""
    names = {folder(name): name for name in reversed(list(instruments.unique()))}
    return instruments.map({name: names[folder(name)] for name in instruments.unique()})


def _merge(old: Provider | None, name: str, days: DailyTable) -> MergedDays:
    if old is None or name not in old.instruments or days.values.empty:
        return MergedDays(days.values, len(days.values), 0, ())
    return merge_days(read_days(old, name), days.values)


def _report(name: str, days: DailyTable, merged: MergedDays) -> ImportedInstrument:
    index = days.values.index
    return ImportedInstrument(
        name=name,
        first=index[0].date() if len(index) else None,
        last=index[-1].date() if len(index) else None,
        rows=days.rows,
        days=len(index),
        without_trade=int((~(days.values["volume"] > 0)).sum()),
        added=merged.added,
        known=merged.known,
        dropped=days.dropped,
        doubted=(*days.doubted, *merged.doubted),
    )
