"""Files of vendors into a provider directory: read, cleaned, put among what is there, written whole.

Nothing is written before every file has been read. ``volopt.data.staging`` says what a killed process leaves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pandas as pd

from volopt.data.bins import folder
from volopt.data.files import names
from volopt.data.importing import merge
from volopt.data.importing.clean import DailyTable, OnDuplicate, clean
from volopt.data.importing.codes import of_file
from volopt.data.importing.dates import Order
from volopt.data.importing.issues import Issue
from volopt.data.importing.place import replacing
from volopt.data.importing.rows import raw_rows
from volopt.data.importing.table import MAX_ROWS, read_table
from volopt.data.provider import Provider, open_provider
from volopt.errors import DataError

MAX_INSTRUMENTS = 20_000  # that one list of a provider holds


@dataclass(frozen=True)
class ImportOptions:
    """What the user says of the files; the defaults take what the files say of themselves."""

    columns: Mapping[str, str] = field(default_factory=dict)  # names by role
    instrument: str | None = None
    volume_unit: float | None = None  # shares
    dates: Order | None = None
    on_duplicate: OnDuplicate = "last"


@dataclass(frozen=True)
class FileReport:
    """What was taken of a file; ``dropped`` are lines that belong to no instrument."""

    file: str
    rows: int
    columns: Mapping[str, str]
    ignored: Sequence[str]
    notes: Sequence[str]
    dropped: Sequence[Issue]


@dataclass(frozen=True)
class ImportedInstrument:
    """What came of the rows of an instrument; ``known`` of its days the provider had before."""

    name: str
    first: date | None  # None where no row is left
    last: date | None
    rows: int
    days: int
    without_trade: int
    added: int
    known: int
    dropped: Sequence[Issue]
    doubted: Sequence[Issue]


@dataclass(frozen=True)
class ImportReport:
    """A whole import."""

    directory: str
    files: Sequence[FileReport]
    instruments: Sequence[ImportedInstrument]
    calendar: tuple[date, date, int]  # of the directory now: first day, last day, days


def import_files(files: Sequence[Path], directory: Path, options: ImportOptions) -> ImportReport:
    """Import files into a provider directory, which may be there already.

    Args:
        files: of daily rows.
        directory: the provider directory to write or to extend.
        options: what the user says of the files.

    Raises:
        DataError: a file cannot be understood, the directory is none to extend, or nothing can be written.
    """
    existing(directory)  # refused before any file is read
    reports, rows = _read(files, options)
    groups = rows.groupby(_spelt(rows["instrument"]))
    cleaned = {str(name): clean(group, str(name), options.on_duplicate) for name, group in groups}
    if all(days.values.empty for days in cleaned.values()):
        raise DataError(f"{files[0]} has no row with a date and a number", "is it the right file?")
    with replacing(directory) as building:
        old = existing(directory)
        spelt = {folder(name): name for name in (old.instruments if old else ())}
        cleaned = {spelt.get(folder(name), name): days for name, days in cleaned.items()}
        extended = {name: _extended(old, name, days) for name, days in cleaned.items() if len(days.values)}
        calendar = merge.write(building, old, {name: each.values for name, each in extended.items()})
    instruments = [_report(name, days, extended.get(name)) for name, days in cleaned.items()]
    ends = calendar[0].date(), calendar[-1].date(), len(calendar)
    return ImportReport(str(directory), reports, instruments, ends)


def existing(directory: Path) -> Provider | None:
    """The provider that is there already, or None where there is nothing.

    Raises:
        DataError: there is something else, or a synthetic sample.
    """
    try:
        if not directory.exists() or (directory.is_dir() and not names(directory)):
            return None
    except OSError as error:
        raise DataError(f"{directory} cannot be written: {error.strerror}", "name another directory") from error
    if not directory.is_dir():
        raise DataError(f"{directory} is no directory", "name a directory with --to")
    if not {"calendars", "instruments", "features"} <= set(names(directory)):
        message = f"{directory} is there already, and is no qlib provider directory"
        raise DataError(message, "name one that is, or a directory that is not there yet")
    provider = open_provider(directory)
    if provider.synthetic:
        message = f"{directory} is a synthetic sample: real rows do not mix with generated ones"
        raise DataError(message, "name another directory with --to")
    return provider


def _read(files: Sequence[Path], options: ImportOptions) -> tuple[list[FileReport], pd.DataFrame]:
    """The rows of all files, in the order of the files, and what was taken of each."""
    reports, parts, count = [], [], 0
    for path in files:
        table = read_table(path, options.columns)
        has_codes = "code" in table.layout.columns
        instrument = "" if has_codes else options.instrument or of_file(path)
        rows = raw_rows(table, instrument, options.volume_unit, options.dates)
        notes = [_named(has_codes, options), *rows.notes]
        layout = table.layout
        reports.append(FileReport(str(path), rows.read, layout.names, layout.ignored, notes, rows.findings))
        parts.append(rows.values)
        count += len(rows.values)
        if count > MAX_ROWS:
            hint = "import them in several goes, each extends the directory"
            raise DataError(f"the files have more than {MAX_ROWS} rows together", hint)
    together = pd.concat(parts, ignore_index=True)
    if together["instrument"].nunique() > MAX_INSTRUMENTS:
        raise DataError(f"the files have more than {MAX_INSTRUMENTS} instruments", "import fewer of them")
    return reports, together


def _named(has_codes: bool, options: ImportOptions) -> str:
    if not has_codes:
        return f"instrument from {'--instrument' if options.instrument else 'the name of the file'}"
    return "instruments from the column of codes" + (", not from --instrument" if options.instrument else "")


def _spelt(instruments: pd.Series) -> pd.Series:
    """The instruments' names: two that share a folder, as AAPL and aapl do, are one, spelt as the first of them."""
    names: dict[str, str] = {}
    for name in instruments.unique():
        names.setdefault(folder(name), name)
    return instruments.map({name: names[folder(name)] for name in instruments.unique()})


def _extended(old: Provider | None, name: str, days: DailyTable) -> merge.MergedDays:
    if old is None or name not in old.instruments:
        return merge.MergedDays(days.values, len(days.values), 0, ())
    return merge.extend(merge.old_days(old, name), days.values)


def _report(name: str, days: DailyTable, extended: merge.MergedDays | None) -> ImportedInstrument:
    index = days.values.index
    return ImportedInstrument(
        name=name,
        first=index[0].date() if len(index) else None,
        last=index[-1].date() if len(index) else None,
        rows=days.rows,
        days=len(index),
        without_trade=int((~(days.values["volume"] > 0)).sum()),
        added=extended.added if extended else 0,
        known=extended.known if extended else 0,
        dropped=days.dropped,
        doubted=(*days.doubted, *(extended.doubted if extended else ())),
    )
