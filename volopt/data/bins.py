"""qlib's provider directory as files: ``.day.bin`` series are read, whole directories written.

A series is little-endian float32; its first value is the row of the calendar at which the rest starts.
qlib takes any bytes for one, so ``read_bin`` checks. ``write_provider`` builds beside its target and
renames at the end: a killed process leaves a hidden temporary folder, never half a provider.
"""

import json
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from volopt.data.files import read_bounded
from volopt.errors import DataError

SUFFIX = ".day.bin"
SYNTHETIC = "synthetic.json"  # marks a directory whose numbers were generated
_RESERVED = re.compile(r"(CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9])", re.IGNORECASE)  # Windows has no such files
_INSTRUMENT = re.compile(r"[A-Za-z0-9^_-][A-Za-z0-9^._=-]*")  # as ^GSPC of the official US set


def is_instrument_name(name: str) -> bool:
    """Whether it is a name that stays a plain file name: letters, digits, ``^._=-``, no leading dot."""
    return _INSTRUMENT.fullmatch(name) is not None


def folder(instrument: str) -> str:
    """The name of an instrument's folder below ``features``, as qlib spells it."""
    return f"{'_qlib_' if _RESERVED.fullmatch(instrument) else ''}{instrument}".lower()


def read_bin(path: Path, calendar_length: int) -> tuple[int, np.ndarray]:
    """Read a series: the calendar row at which it starts, and its float32 values (days,).

    Raises:
        DataError: the file is no series that fits a calendar of ``calendar_length`` days.
    """
    content = read_bounded(path, 4 * (calendar_length + 1))
    if len(content) < 4 or len(content) % 4:
        raise _broken(path, f"its size of {len(content)} bytes is not 4 for its header and 4 a day")
    header, values = np.frombuffer(content, "<f4", 1)[0], np.frombuffer(content, "<f4", offset=4)
    if not (np.isfinite(header) and header == np.floor(header) and 0 <= header < calendar_length):
        raise _broken(path, f"its header {header} is no row of the calendar of {calendar_length} days")
    start = int(header)
    if start + len(values) > calendar_length:
        raise _broken(path, f"{len(values)} days from row {start} run past the calendar of {calendar_length}")
    return start, values.astype(np.float32)


def _broken(path: Path, reason: str) -> DataError:
    return DataError(f"{path} is broken: {reason}", "get or write the data directory anew")


def write_provider(
    directory: Path,
    calendar: pd.DatetimeIndex,
    instruments: Mapping[str, pd.DataFrame],
    synthetic: Mapping[str, object] | None = None,
) -> None:
    """Write a provider directory that qlib reads.

    Args:
        directory: where; it must not be there yet, or be empty.
        calendar: the trading days, ascending.
        instruments: by name, a column a field (``close``, no dollar sign), indexed by days of the calendar.
        synthetic: what the marker file says of numbers that were generated.

    Raises:
        DataError: there is something at ``directory``, or it cannot be written.
    """
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise DataError(f"{directory} is already there", "name another directory, or remove it first")
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{directory.name}.", dir=directory.parent) as temporary:
            building = Path(temporary) / "provider"
            write_lists(building, calendar, {name: [(t.index[0], t.index[-1])] for name, t in instruments.items()})
            for name, fields in instruments.items():
                write_series(building / "features" / folder(name), calendar, fields)
            if synthetic is not None:
                (building / SYNTHETIC).write_text(json.dumps(dict(synthetic)) + "\n")
            building.replace(directory)
    except OSError as error:
        raise DataError(f"{directory} cannot be written: {error.strerror}", "name another directory") from error


def write_lists(building: Path, calendar: pd.DatetimeIndex, spans: Mapping[str, Sequence[tuple[date, date]]]) -> None:
    """Write the calendar and the list of instruments, each with the days from which and to which it is listed."""
    lines = [f"{name}\t{first:%Y-%m-%d}\t{last:%Y-%m-%d}" for name, each in spans.items() for first, last in each]
    for file, content in (
        ("calendars/day.txt", [f"{day:%Y-%m-%d}" for day in calendar]),
        ("instruments/all.txt", lines),
    ):
        path = building / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{line}\n" for line in content))


def write_series(target: Path, calendar: pd.DatetimeIndex, fields: pd.DataFrame) -> None:
    """Write a series a column, from the first to the last day of the index, NaN on days that it lacks."""
    target.mkdir(parents=True, exist_ok=True)
    first, stop = calendar.slice_locs(fields.index[0], fields.index[-1])
    whole = fields.reindex(calendar[first:stop])
    for field in whole.columns:
        values = np.concatenate([[first], whole[field].to_numpy(np.float64)])
        (target / f"{field}{SUFFIX}").write_bytes(values.astype("<f4").tobytes())
