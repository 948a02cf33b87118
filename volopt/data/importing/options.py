"""Read what a user says about the files of an import."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from volopt.data.importing.columns import MAPPABLE
from volopt.data.importing.dates import DateOrder
from volopt.data.importing.instruments import instrument_name
from volopt.data.importing.numbers import Mark
from volopt.errors import DataError, UsageError, suggest

OnDuplicate = Literal["last", "error"]
UNITS = {"shares": 1.0, "lots": 100.0, "thousands": 1000.0}
MAX_UNIT = 1e9  # shares


@dataclass(frozen=True)
class ImportOptions:
    """Hold what the user says about the files; by default the files speak for themselves."""

    columns: Mapping[str, str] = field(default_factory=dict)  # names by role
    instrument: str | None = None
    volume_unit: float | None = None  # shares
    dates: DateOrder | None = None
    on_duplicate: OnDuplicate = "last"
    decimal: Mark | None = None
    timezone: str | None = None  # of the exchange
    encoding: str | None = None
    header: int | None = None  # the line of the columns' names, from 1
    skip_bad: bool = False


def import_options(
    *,
    columns: Mapping[str, str],
    instrument: str | None,
    volume_unit: str | float | None,
    dates: DateOrder | None,
    on_duplicate: OnDuplicate,
    decimal: Mark | None,
    timezone: str | None,
    encoding: str | None,
    header: int | None,
    skip_bad: bool,
) -> ImportOptions:
    """Return the options of an import; the arguments are those of ``volopt data import``.

    Raises:
        UsageError: a field, the instrument, the unit, the time zone or the encoding is unknown.
    """
    for name, column in columns.items():
        if name not in MAPPABLE:
            raise UsageError(f"--map {name}={column}: {name} is not a field", suggest(name, MAPPABLE))
    return ImportOptions(
        columns=columns,
        instrument=_instrument(instrument),
        volume_unit=_shares(volume_unit),
        dates=dates,
        on_duplicate=on_duplicate,
        decimal=decimal,
        timezone=_zone(timezone),
        encoding=_encoding(encoding),
        header=header,
        skip_bad=skip_bad,
    )


def _instrument(name: str | None) -> str | None:
    try:
        return None if name is None else instrument_name(name, "--instrument")
    except DataError as error:
        raise UsageError(f"--instrument {name} is not an instrument name", "write letters, digits and ^._=-") from error


def _shares(unit: str | float | None) -> float | None:
    """Return the shares in a unit of volume."""
    if unit is None:
        return None
    try:
        shares = UNITS[unit] if isinstance(unit, str) and unit in UNITS else float(unit)
    except ValueError:
        shares = 0.0
    if not 0 < shares <= MAX_UNIT:
        raise UsageError(f"--volume-unit {unit} is not a unit", f"write {', '.join(UNITS)} or a number of shares")
    return shares


def _zone(name: str | None) -> str | None:
    known = zoneinfo.available_timezones() if name is not None else ()
    if name is not None and name not in known:
        raise UsageError(f"--timezone {name} is not a time zone", suggest(name, sorted(known)))
    return name


def _encoding(name: str | None) -> str | None:
    try:
        if name is not None:
            "a".encode(name).decode(name)
    except (LookupError, ValueError) as error:  # no such encoding, or one of bytes, or no name
        raise UsageError(f"--encoding {name} is not an encoding", "write one such as utf-8, gbk or cp1252") from error
    return name
