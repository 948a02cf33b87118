"""Load frames: the values of a study's expressions on trade days, each day complete.

``load_frames`` drops days without trade (``$volume`` 0 or missing), then days on which any expression has no finite
value, and counts both in ``Frame.quality``. The same directory, expressions and range give the same fingerprint and the
same frames from qlib, from the native reader and from the cache. A cached frame is read without an import of qlib.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from pydantic import TypeAdapter

from volopt.data.bins import SYNTHETIC
from volopt.data.csv_files import read_csv, read_file
from volopt.data.market import market_nodes
from volopt.data.provider import Provider, open_provider
from volopt.data.quality import Quality, find_gaps, find_outliers
from volopt.data.readers import READERS, default_reader, read_on_trade_days
from volopt.data.sessions import CALENDAR_FIELDS, DAYS_TO_NEXT
from volopt.definition.expressions import ExpressionError, parse
from volopt.definition.nodes import Expression
from volopt.errors import DataError, StorageError
from volopt.storage.files import read_arrays, write_arrays
from volopt.storage.run_record import DataSource

FORMAT = 1  # of frames and fingerprints: raise it when either changes for the same data
VOLUME = "$volume"
_QUALITY = TypeAdapter(Quality)


@dataclass(frozen=True)
class Frame:
    """Hold one instrument's values by day."""

    name: str  # the instrument, or the CSV file
    dates: np.ndarray  # datetime64[D], (days,), ascending
    columns: tuple[str, ...]  # canonical expression texts
    values: np.ndarray  # float64, (days, columns), finite
    quality: Quality
    static: np.ndarray | None = None  # float32, (days, static inputs), finite; None without static inputs


class _FrameRequest(NamedTuple):
    directory: Path
    instrument: str
    columns: Sequence[str]  # of the frame
    texts: Sequence[str]  # of the columns, and $volume
    start: date | None
    end: date | None
    static: Sequence[str] = ()  # texts of the static inputs

    def source(self, reader: str, parts: Iterable[bytes | str]) -> DataSource:
        """Return the source; its fingerprint is the sha256 of the request (without the directory) and the parts."""
        request: list[object] = [FORMAT, self.instrument, self.texts, str(self.start), str(self.end)]
        request += [self.static] if self.static else []  # fingerprints from before static inputs
        digest = hashlib.sha256()
        for part in [json.dumps(request), *parts]:
            content = part.encode() if isinstance(part, str) else part
            digest.update(len(content).to_bytes(8, "little") + content)
        return DataSource(
            provider=str(self.directory.resolve()),
            reader=reader,
            synthetic=(self.directory / SYNTHETIC).is_file(),
            fingerprint=digest.hexdigest(),
        )


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
    following: np.ndarray | None = None,
    static: Sequence[str] = (),
    market: Mapping[str, np.ndarray] | None = None,
) -> tuple[list[Frame], DataSource]:
    """Read one frame from a provider directory, or one from each of the CSV ``files`` in it.

    Args:
        directory: the provider, or the directory of the files.
        instrument: such as ``SH600000``.
        expressions: the columns, in this order; repeated ones are used once.
        start: the first day; None for the first of the data.
        end: the last day; None for the last of the data.
        files: CSV files to read instead of a provider.
        cache: the directory of frames that were read before.
        reader: ``qlib`` or ``native``; None for qlib where it is installed.
        following: the sessions after the calendar of a provider, where the caller knows better than the provider.
        static: expressions of the static inputs, in this order.
        market: the series of the market's parts of all expressions, as ``read_market`` returns them.

    Raises:
        DataError: the data cannot be read, or give no usable frame.
    """
    try:
        columns = list(dict.fromkeys(parse(text).text for text in expressions))
        inputs = [parse(text).text for text in static]
    except ExpressionError as error:
        raise DataError(f"an expression is invalid: {error}", "see the study file's features") from error
    request = _FrameRequest(directory, instrument, columns, list(dict.fromkeys([*columns, VOLUME])), start, end, inputs)
    try:
        source, read = _open_csv(request, files) if files else _open_provider(request, reader, following, market or {})
    except OSError as error:
        raise DataError(f"{error.filename} cannot be read: {error.strerror}", "check its permissions") from error
    if cache is None:
        return read(), source
    file = cache / f"{source.fingerprint}.safetensors"
    cached = _read_cache(file, source)
    if cached is not None:
        return cached
    frames = read()
    _write_cache(file, frames, source)
    return frames, source


def _open_provider(
    request: _FrameRequest, reader: str | None, following: np.ndarray | None, market: Mapping[str, np.ndarray]
) -> tuple[DataSource, Callable[[], list[Frame]]]:
    # Static inputs are read natively: the same numbers without qlib save its import, 120 MB and two seconds.
    reader = reader or ("native" if request.static else default_reader())
    provider = replace(open_provider(request.directory), following=following)
    expressions = [parse(text) for text in request.texts]
    inputs = [parse(text) for text in request.static]
    fields = sorted({field for expression in [*expressions, *inputs] for field in expression.fields})
    rows = provider.check(request.instrument, fields, request.start, request.end)

    def read() -> list[Frame]:
        values = READERS[reader](provider, request.instrument, expressions, rows, market)
        ends = provider.day(rows[0]), provider.day(rows[-1])
        static = None
        if inputs:
            static = read_on_trade_days(provider, request.instrument, inputs, market).reindex(rows).astype(np.float32)
        return [_make_frame(request.instrument, request.columns, values, ends, static)]

    parts = _fingerprint_parts(provider, request.instrument, fields, rows, [*expressions, *inputs], market)
    return request.source(reader, parts), read


def _fingerprint_parts(
    provider: Provider,
    instrument: str,
    fields: Sequence[str],
    rows: range,
    expressions: Sequence[Expression],
    market: Mapping[str, np.ndarray],
) -> Iterable[bytes | str]:
    yield provider.calendar.tobytes()
    yield str([(str(first), str(last)) for first, last in provider.instruments[instrument]])
    for field in fields:
        start, values = provider.series(instrument, field)
        if field in CALENDAR_FIELDS and field != DAYS_TO_NEXT:  # which format 1 has always taken whole
            values = values[: rows.stop]  # later ones may change with what an exchange publishes
        yield f"{field} {start}"
        yield values.tobytes()
    for node in market_nodes(expressions):
        yield node.text
        yield market[node.text][: rows.stop].tobytes()


def _open_csv(request: _FrameRequest, files: Sequence[str]) -> tuple[DataSource, Callable[[], list[Frame]]]:
    contents = {name: read_file(request.directory, name) for name in files}
    first, last = (day and pd.Timestamp(day) for day in (request.start, request.end))

    def read() -> list[Frame]:
        tables = ((name, read_csv(contents[name], name, request.instrument, request.texts)) for name in contents)
        return [_make_frame(name, request.columns, table.loc[first:last], None) for name, table in tables]

    return request.source("csv", (part for item in contents.items() for part in item)), read


def _make_frame(
    name: str,
    columns: Sequence[str],
    table: pd.DataFrame,
    ends: tuple[date, date] | None,
    static: pd.DataFrame | None = None,
) -> Frame:
    """Return the frame of a table with every day of the range; ``ends`` are the range's if it has a calendar.

    ``static`` has the same rows.
    """
    volume = table[VOLUME].to_numpy()
    traded = np.isfinite(volume) & (volume > 0)
    if not traded.any():
        raise DataError(f"{name} has no day with trade in the range", "choose another range")
    days = table.index.to_numpy().astype("datetime64[D]")[traded]
    values = table[list(columns)].to_numpy(np.float64)[traded]
    complete = np.isfinite(values).all(axis=1)
    inputs = None
    if static is not None:
        inputs = static.to_numpy(np.float32)[traded]
        complete &= np.isfinite(inputs).all(axis=1)
        _check_values(name, list(static.columns), inputs)
    _check_columns(name, columns, values, complete)
    quality = Quality(
        days=len(traded),
        no_trade=int((~traded).sum()),
        incomplete=int((~complete).sum()),
        gaps=find_gaps(days, ends),
        outliers=find_outliers(days, volume[traded]),
    )
    inputs = None if inputs is None else inputs[complete]
    return Frame(name, days[complete], tuple(columns), values[complete], quality, inputs)


def _check_columns(name: str, texts: Sequence[str], values: np.ndarray, complete: np.ndarray) -> None:
    hint = "choose another feature or range"
    _check_values(name, texts, values)
    if not complete.any():
        raise DataError(f"{name} has no day on which all of {', '.join(texts)} have a value", hint)
    for text, column in zip(texts, values[complete].T, strict=True):
        if len(column) > 1 and np.ptp(column) == 0:
            raise DataError(f"{text} of {name} is {column[0]:g} on every trade day of the range", hint)


def _check_values(name: str, texts: Sequence[str], values: np.ndarray) -> None:
    for text, column in zip(texts, values.T, strict=True):
        if not np.isfinite(column).any():
            message = f"{text} of {name} has no value on any trade day of the range"
            raise DataError(message, "choose another feature or range")


def _write_cache(file: Path, frames: Sequence[Frame], source: DataSource) -> None:
    arrays: dict[str, np.ndarray] = {}
    entries = []
    for number, frame in enumerate(frames):
        arrays[f"{number}.dates"] = frame.dates.astype(np.int64)
        arrays[f"{number}.values"] = frame.values
        if frame.static is not None:
            arrays[f"{number}.static"] = frame.static
        quality = _QUALITY.dump_python(frame.quality, mode="json")
        entries.append({"name": frame.name, "columns": frame.columns, "quality": quality})
    with contextlib.suppress(StorageError):  # the cache is not essential
        write_arrays(file, arrays, {"reader": source.reader, "frames": entries})


def _read_cache(file: Path, source: DataSource) -> tuple[list[Frame], DataSource] | None:
    cached = read_arrays(file)
    if cached is None:
        return None
    arrays, facts = cached
    try:
        frames = [
            Frame(
                entry["name"],
                arrays[f"{number}.dates"].astype("datetime64[D]"),
                tuple(entry["columns"]),
                arrays[f"{number}.values"],
                _QUALITY.validate_python(entry["quality"]),
                arrays.get(f"{number}.static"),
            )
            for number, entry in enumerate(facts["frames"])
        ]
        return frames, source.model_copy(update={"reader": facts["reader"]})
    except (KeyError, TypeError, ValueError):
        return None  # written by another program
