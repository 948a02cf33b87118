"""Frames: the daily values of a study's expressions, on trade days only and without a hole.

``load_frames`` is all that the rest of volopt knows of data. Days without trade (``$volume`` 0 or
missing) go first, then days on which any expression has no finite value; both are counted in
``Frame.quality``. The same directory, expressions and range give the same fingerprint and the same
frames, from qlib, from the native reader or from the cache; with the cache at hand qlib is not even
imported.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from volopt.data.bins import SYNTHETIC
from volopt.data.csv_files import read_csv, read_file
from volopt.data.provider import CalendarRows, Provider, open_provider
from volopt.data.quality import Gap, Outlier, Quality, find_gaps, find_outliers
from volopt.data.readers import READERS, default
from volopt.definition.expressions import Expression, ExpressionError, parse
from volopt.errors import DataError, StorageError
from volopt.storage.files import read_arrays, write_arrays

FORMAT = 1  # of frames and fingerprints: raise it when either would come out differently
VOLUME = "$volume"


@dataclass(frozen=True)
class Frame:
    """One instrument's values by day."""

    name: str  # the instrument, or the CSV file
    dates: np.ndarray  # datetime64[D], (days,), ascending
    columns: tuple[str, ...]  # canonical expression texts
    values: np.ndarray  # float64, (days, columns), finite
    quality: Quality


@dataclass(frozen=True)
class DataSource:
    """Where frames come from."""

    provider: str  # the directory, absolute
    reader: str  # qlib, native or csv
    synthetic: bool
    fingerprint: str  # sha256, in hex


class _FrameTable(NamedTuple):
    name: str
    values: pd.DataFrame  # every day of the range; the expressions and $volume
    ends: tuple[date, date] | None  # of the range, where a calendar tells which days are absent


class _FrameRequest(NamedTuple):
    directory: Path
    instrument: str
    expressions: tuple[Expression, ...]  # with $volume
    start: date | None
    end: date | None

    @property
    def texts(self) -> list[str]:
        return [expression.text for expression in self.expressions]

    def fingerprint(self, parts: Iterable[bytes | str]) -> str:
        """The sha256 of the request (but not of where the directory is) and of the data's parts."""
        request = [FORMAT, self.instrument, self.texts, str(self.start), str(self.end)]
        digest = hashlib.sha256()
        for part in [json.dumps(request), *parts]:
            content = part.encode() if isinstance(part, str) else part
            digest.update(len(content).to_bytes(8, "little") + content)
        return digest.hexdigest()


def load_frames(
    directory: Path,
    instrument: str,
    expressions: Sequence[str],
    start: date | None,
    end: date | None,
    *,
    files: Sequence[str] = (),
    cache: Path | None = None,
    reader: str | None = None,
) -> tuple[list[Frame], DataSource]:
    """Read one frame from a provider directory, or one from each of the CSV ``files`` in it.

    Args:
        directory: the provider, or where the files are.
        instrument: such as ``SH600000``.
        expressions: the columns, in this order; repeated ones come once.
        start: first day, or None for the data's own.
        end: last day, or None for the data's own.
        files: CSV files instead of a provider.
        cache: directory of frames that were read before.
        reader: ``qlib`` or ``native``; None takes qlib where it is installed.

    Raises:
        DataError: the data cannot be read, or do not give a usable frame.
    """
    texts = _canonical(expressions)
    wanted = tuple(parse(text) for text in dict.fromkeys([*texts, VOLUME]))
    request = _FrameRequest(directory, instrument, wanted, start, end)
    try:
        source, tables = _csv(request, files) if files else _provider(request, reader or default())
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}", "check its permissions") from error
    kept = _restore(cache, source) if cache else None
    if kept is not None:
        return kept
    frames = [_frame(table, texts) for table in tables()]
    if cache:
        _keep(cache, frames, source)
    return frames, source


def without_values(frame: Frame) -> Frame:
    """Return what is known of a frame, its days and their quality, without a value of any day."""
    return replace(frame, values=np.empty((0, len(frame.columns))))


def _canonical(expressions: Sequence[str]) -> list[str]:
    try:
        return list(dict.fromkeys(parse(text).text for text in expressions))
    except ExpressionError as error:
        raise DataError(f"no allowed expression: {error}", "see the study file's features") from error


def _provider(request: _FrameRequest, reader: str) -> tuple[DataSource, Callable[[], list[_FrameTable]]]:
    provider = open_provider(request.directory)
    fields = sorted({field for expression in request.expressions for field in expression.fields})
    rows = provider.check(request.instrument, fields, request.start, request.end)
    fingerprint = request.fingerprint(_parts(provider, request.instrument, fields))
    source = DataSource(str(request.directory.resolve()), reader, provider.synthetic, fingerprint)

    def tables() -> list[_FrameTable]:
        table = READERS[reader](provider, request.instrument, request.expressions, rows)
        return [_FrameTable(request.instrument, table, _ends(provider, rows))]

    return source, tables


def _ends(provider: Provider, rows: CalendarRows) -> tuple[date, date]:
    return provider.day(rows.first), provider.day(rows.last)


def _parts(provider: Provider, instrument: str, fields: Sequence[str]) -> Iterable[bytes | str]:
    yield provider.calendar.tobytes()
    yield str([(str(first), str(last)) for first, last in provider.instruments[instrument]])
    for field in fields:
        start, values = provider.series(instrument, field)
        yield f"{field} {start}"
        yield values.tobytes()


def _csv(request: _FrameRequest, files: Sequence[str]) -> tuple[DataSource, Callable[[], list[_FrameTable]]]:
    contents = {name: read_file(request.directory, name) for name in files}
    synthetic = (request.directory / SYNTHETIC).is_file()
    fingerprint = request.fingerprint(part for item in contents.items() for part in item)
    source = DataSource(str(request.directory.resolve()), "csv", synthetic, fingerprint)

    def tables() -> list[_FrameTable]:
        return [_csv_table(request, name, content) for name, content in contents.items()]

    return source, tables


def _csv_table(request: _FrameRequest, name: str, content: bytes) -> _FrameTable:
    table = read_csv(content, name, request.instrument, request.texts)
    first, last = (day and pd.Timestamp(day) for day in (request.start, request.end))
    return _FrameTable(name, table.loc[first:last], None)


def _frame(table: _FrameTable, texts: Sequence[str]) -> Frame:
    volume = table.values[VOLUME].to_numpy()
    traded = np.isfinite(volume) & (volume > 0)
    if not traded.any():
        raise DataError(f"{table.name} has no day with trade in the range", "choose another range")
    days = table.values.index.to_numpy().astype("datetime64[D]")[traded]
    values = table.values[list(texts)].to_numpy(np.float64)[traded]
    complete = np.isfinite(values).all(axis=1)
    _check_columns(table.name, texts, values, complete)
    quality = Quality(
        days=len(traded),
        no_trade=int((~traded).sum()),
        incomplete=int((~complete).sum()),
        gaps=find_gaps(days, table.ends),
        outliers=find_outliers(days, volume[traded]),
    )
    return Frame(table.name, days[complete], tuple(texts), values[complete], quality)


def _check_columns(name: str, texts: Sequence[str], values: np.ndarray, complete: np.ndarray) -> None:
    hint = "choose another feature or range"
    for text, column in zip(texts, values.T, strict=True):
        if not np.isfinite(column).any():
            raise DataError(f"{text} of {name} has no value on any trade day of the range", hint)
    if not complete.any():
        raise DataError(f"{name} has no day on which all of {', '.join(texts)} have a value", hint)
    for text, column in zip(texts, values[complete].T, strict=True):
        if len(column) > 1 and np.ptp(column) == 0:
            raise DataError(f"{text} of {name} is {column[0]:g} on every trade day of the range", hint)


def _keep(cache: Path, frames: Sequence[Frame], source: DataSource) -> None:
    entries = [{"name": each.name, "columns": each.columns, "quality": asdict(each.quality)} for each in frames]
    arrays: dict[str, np.ndarray] = {}
    for number, frame in enumerate(frames):
        arrays[f"{number}.dates"] = frame.dates.astype(np.int64)
        arrays[f"{number}.values"] = frame.values
    facts = {"reader": source.reader, "frames": json.loads(json.dumps(entries, default=str))}
    with contextlib.suppress(StorageError):  # a convenience: a directory that cannot be written to is left alone
        write_arrays(_kept_at(cache, source), arrays, facts)


def _kept_at(cache: Path, source: DataSource) -> Path:
    return cache / f"{source.fingerprint}.safetensors"


def _restore(cache: Path, source: DataSource) -> tuple[list[Frame], DataSource] | None:
    kept = read_arrays(_kept_at(cache, source))
    if kept is None:
        return None
    arrays, facts = kept
    try:
        frames = [_restored(entry, arrays, number) for number, entry in enumerate(facts["frames"])]
        return frames, replace(source, reader=facts["reader"])
    except (KeyError, TypeError, ValueError):
        return None  # written by another program


def _restored(entry: dict[str, Any], arrays: dict[str, np.ndarray], number: int) -> Frame:
    told = entry["quality"]
    told["gaps"] = tuple(Gap(_day(first), _day(last), days) for first, last, days in told["gaps"])
    told["outliers"] = tuple(Outlier(_day(day), ratio) for day, ratio in told["outliers"])
    dates = arrays[f"{number}.dates"].astype("datetime64[D]")
    return Frame(entry["name"], dates, tuple(entry["columns"]), arrays[f"{number}.values"], Quality(**told))


def _day(text: str) -> date:
    return date.fromisoformat(text)
