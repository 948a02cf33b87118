"""Read the ``.day.bin`` series of a qlib provider directory, and write whole directories.

A series is little-endian float32; its first value is the row of the calendar at which the rest starts. qlib accepts
any bytes as a series, so ``read_bin`` checks them.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
import pandas as pd

from volopt.data.files import read_bounded
from volopt.data.staging import replacing
from volopt.definition.plain_text import INSTRUMENT
from volopt.errors import DataError

SUFFIX = ".day.bin"
SYNTHETIC = "synthetic.json"  # marks a directory with generated numbers
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])", re.IGNORECASE)  # names that qlib spells otherwise
_INSTRUMENT = re.compile(INSTRUMENT)
MAX_FOLDER = 200  # characters that a folder's name may have


def is_instrument_name(name: str) -> bool:
    """Return whether a text can be the name of an instrument; its folder may spell it otherwise."""
    return _INSTRUMENT.fullmatch(name) is not None and len(spelled(name)) <= MAX_FOLDER


def spelled(instrument: str) -> str:
    """Return the name as folders and lists spell it: all but letters, digits and ``^._=-`` as in an URL, ``M%26M``."""
    return quote(instrument, safe="^=")


def named(spelling: str) -> str | None:
    """Return the name of an instrument that a list spells so, or None if it is no spelling of a name."""
    name = unquote(spelling)
    return name if spelled(name) == spelling and is_instrument_name(name) else None


def folder(instrument: str) -> str:
    """Return the name of an instrument's folder below ``features``, as qlib spells it."""
    return f"{'_qlib_' if _RESERVED.fullmatch(instrument) else ''}{spelled(instrument)}".lower()


def read_bin(path: Path, calendar_length: int) -> tuple[int, np.ndarray]:
    """Return the calendar row at which a series starts, and its float32 values (days,).

    Raises:
        DataError: the file is not a series that fits a calendar of ``calendar_length`` days.
    """
    content = read_bounded(path, 4 * (calendar_length + 1))
    if len(content) < 4 or len(content) % 4:
        raise _broken(path, f"its size is {len(content)} bytes, not 4 bytes and 4 more a day")
    header, values = np.frombuffer(content, "<f4", 1)[0], np.frombuffer(content, "<f4", offset=4)
    if not (np.isfinite(header) and header == np.floor(header) and 0 <= header < calendar_length):
        raise _broken(path, f"its header {header} is not a row of the calendar of {calendar_length} days")
    start = int(header)
    if start + len(values) > calendar_length:
        raise _broken(path, f"{len(values)} days from row {start} exceed the calendar of {calendar_length} days")
    return start, values.astype(np.float32)


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is broken: {reason}", "download or import the data again")


def write_provider(
    directory: Path,
    calendar: pd.DatetimeIndex,
    instruments: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, object] | None = None,
) -> None:
    """Write a provider directory that qlib reads, whole or not at all.

    Args:
        directory: the path to write; it must not exist, or be empty.
        calendar: the trading days, ascending.
        instruments: by name, one column a field (``close``, no dollar sign), indexed by days of the calendar.
        synthetic: the content of the marker file of generated numbers; None writes none.

    Raises:
        DataError: ``directory`` exists, or cannot be written.
    """
    _check_unused(directory)
    try:
        with replacing(directory) as building:
            write_lists(building, calendar, {name: [(t.index[0], t.index[-1])] for name, t in instruments.items()})
            for name, fields in instruments.items():
                write_series(building / "features" / folder(name), calendar, fields)
            if synthetic is not None:
                (building / SYNTHETIC).write_text(json.dumps(dict(synthetic)) + "\n")
            _check_unused(directory)  # another program may have made it meanwhile
    except OSError as error:
        raise DataError(f"{directory} cannot be written: {error.strerror}", "name another directory") from error


def _check_unused(directory: Path) -> None:
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise DataError(f"{directory} already exists", "name another directory, or remove it first")


def write_lists(building: Path, calendar: pd.DatetimeIndex, spans: Mapping[str, Sequence[tuple[date, date]]]) -> None:
    """Write the calendar, and the instruments with the first and last day of each time that they are listed."""
    lists = {
        "calendars/day.txt": [f"{day:%Y-%m-%d}" for day in calendar],
        "instruments/all.txt": [
            f"{spelled(name)}\t{first:%Y-%m-%d}\t{last:%Y-%m-%d}"
            for name, listed in spans.items()
            for first, last in listed
        ],
    }
    for file, lines in lists.items():
        path = building / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in lines))


def write_series(target: Path, calendar: pd.DatetimeIndex, fields: pd.DataFrame) -> None:
    """Write one series a column, from the first to the last day of the index, with NaN on days that it lacks."""
    target.mkdir(parents=True, exist_ok=True)
    first, stop = calendar.slice_locs(fields.index[0], fields.index[-1])
    aligned = fields.reindex(calendar[first:stop])
    for field in aligned.columns:
        values = np.concatenate([[first], aligned[field].to_numpy(np.float64)])
        (target / f"{field}{SUFFIX}").write_bytes(values.astype("<f4").tobytes())
