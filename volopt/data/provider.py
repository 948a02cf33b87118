"""Open a qlib provider directory, and check it before anything reads it.

qlib does not report bad input: an unknown instrument gives an empty table, an unknown field a column of NaN, and a
truncated series is used as it is. So every name, date and file is checked here first. Only files of the directory
itself are read, and each with a bound of size.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from volopt.data.bins import SUFFIX, SYNTHETIC, folder, named, read_bin
from volopt.data.exchange import exchange_of, sessions_after
from volopt.data.files import is_directory, list_names, path_inside, read_lines
from volopt.data.sessions import (
    AHEAD,
    CALENDAR_FIELDS,
    DAYS_TO_NEXT,
    SESSIONS_MISSED,
    Sessions,
    calendar_values,
    sessions_missed,
)
from volopt.data.staging import backup_path
from volopt.errors import DataError, suggest

MAX_LIST_BYTES = 1_000_000  # of a calendar file and of the instrument file
FUTURE = "day_future.txt"  # qlib's calendar that goes on after the data
COMPUTED_FIELDS = frozenset({*CALENDAR_FIELDS, SESSIONS_MISSED})  # fields of every instrument, without files
MAX_HOLIDAY_DAYS = 10  # calendar days without trade that holidays explain
_DATE = re.compile(r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_FIELD_FILE = re.compile(r"[a-z_][a-z0-9_]*" + re.escape(SUFFIX))


class Span(NamedTuple):
    """Hold the first and last day that an instrument is listed."""

    first: date
    last: date


@dataclass(frozen=True)
class Provider:
    """Read an opened provider directory; ``open_provider`` returns one."""

    directory: Path
    calendar: np.ndarray  # datetime64[D], ascending
    instruments: Mapping[str, tuple[Span, ...]]
    following: np.ndarray | None = None  # the sessions after the calendar; None for those that ``sessions`` finds

    @property
    def synthetic(self) -> bool:
        """Return whether its numbers were generated."""
        return (self.directory / SYNTHETIC).is_file()

    def check_listed(self, instrument: str) -> None:
        """Raise a DataError with the nearest names if the provider does not list the instrument."""
        if instrument not in self.instruments:
            raise DataError(f"{self.directory} has no instrument {instrument}", suggest(instrument, self.instruments))

    def fields(self, instrument: str) -> list[str]:
        """Return the fields that an instrument has files of, such as ``$close``."""
        files = list_names(path_inside(self.directory, "features", folder(instrument)))
        return [f"${name.removesuffix(SUFFIX)}" for name in files if _FIELD_FILE.fullmatch(name)]

    def series(self, instrument: str, field: str) -> tuple[int, np.ndarray]:
        """Return the calendar row at which a field starts, and its values, as ``read_bin`` does."""
        if field in CALENDAR_FIELDS:
            return 0, calendar_values(field, self.sessions(instrument, field))
        if field == SESSIONS_MISSED:
            start, volume = self.series(instrument, "$volume")
            return start, sessions_missed(volume)
        name = f"{field.removeprefix('$')}{SUFFIX}"
        path = path_inside(self.directory, "features", folder(instrument), name)
        return read_bin(path, len(self.calendar))

    def column(self, instrument: str, field: str) -> np.ndarray:
        """Return a field over the whole calendar, float64 (days,), NaN where its series has no day."""
        start, values = self.series(instrument, field)
        column = np.full(len(self.calendar), np.nan)
        column[start : start + len(values)] = values
        return column

    def check(self, instrument: str, fields: Collection[str], start: date | None, end: date | None) -> range:
        """Return the calendar rows of a range, after a check of everything that is needed to read these fields there.

        Raises:
            DataError: the instrument or a field is unknown, a series is broken, or the range has no day.
        """
        self.check_listed(instrument)
        known = [*sorted(self.fields(instrument)), *sorted(COMPUTED_FIELDS)]
        for field in sorted(set(fields) - set(known)):
            raise DataError(f"{instrument} has no field {field} in {self.directory}", suggest(field, known))
        for field in fields:
            self.series(instrument, field)
        rows = self.rows(start, end)
        first, last = self.day(rows[0]), self.day(rows[-1])
        if not any(span.first <= last and first <= span.last for span in self.instruments[instrument]):
            listed = " and ".join(f"{span.first} to {span.last}" for span in self.instruments[instrument])
            raise DataError(f"{instrument} is not listed between {first} and {last}", f"it is listed from {listed}")
        return rows

    def rows(self, start: date | None, end: date | None) -> range:
        """Return the calendar rows of the days from ``start`` to ``end``; None stands for the first or last day.

        Raises:
            DataError: the range is empty, or reaches past the calendar by more than holidays explain.
        """
        first, last = self.day(0), self.day(-1)
        start, end = start or first, end or last
        early, late = (first - start).days, (end - last).days
        if max(early, late) > MAX_HOLIDAY_DAYS or start > last or end < first:
            message = f"{start} to {end} lies outside the calendar of {self.directory}"
            raise DataError(message, f"it has the days from {first} to {last}")
        begin = int(np.searchsorted(self.calendar, np.datetime64(start, "D"), "left"))
        stop = int(np.searchsorted(self.calendar, np.datetime64(end, "D"), "right"))
        if begin >= stop:
            raise DataError(f"{start} to {end} has no trading day", "write an earlier start or a later end")
        return range(begin, stop)

    @cached_property
    def future(self) -> np.ndarray:
        """Return the days after the calendar that qlib's ``day_future.txt`` lists, datetime64[D]; none without it."""
        if FUTURE not in list_names(self.directory / "calendars"):
            return self.calendar[:0]
        days = _read_days(path_inside(self.directory, "calendars", FUTURE))
        future: np.ndarray = days[days > self.calendar[-1]]
        return future

    def sessions_after(self, instrument: str, exchange: str | None = None) -> np.ndarray:
        """Return the known sessions after the calendar, datetime64[D] ascending.

        They are the provider's ``future``, and after it those of the exchange that the instrument's name tells; of a
        named ``exchange``, only its own.
        """
        known = self.calendar[:0] if exchange else self.future
        exchange = exchange or exchange_of(instrument)
        if exchange is None or len(known) >= AHEAD:
            return known
        return np.append(known, sessions_after(exchange, np.append(self.calendar, known)[-1]))

    def sessions(self, instrument: str, field: str) -> Sessions:
        """Return the sessions that a field of the calendar describes."""
        if self.following is not None:
            return Sessions.of(self.calendar, self.following)
        # No fit uses the last value of $days_to_next, but fingerprints of stored studies hold it: the next weekday.
        known = self.calendar[:0] if field == DAYS_TO_NEXT else self.sessions_after(instrument)
        return Sessions.of(self.calendar, known)

    def day(self, row: int) -> date:
        """Return the calendar's day at ``row``."""
        return date.fromisoformat(str(self.calendar[row]))


def open_provider(directory: Path) -> Provider:
    """Open a provider directory.

    Raises:
        DataError: it is missing or not a provider, or its calendar or instrument list cannot be read.
    """
    hint = "name a qlib provider directory, or write one with `volopt data import` or `volopt data sample`"
    if not is_directory(directory):
        if is_directory(backup := backup_path(directory)):
            hint = f"a process was killed while it replaced it: the next import or download restores it from {backup}"
        raise DataError(f"the data directory {directory} does not exist", hint)
    for part in ("calendars", "instruments", "features"):
        if part not in list_names(directory):
            raise DataError(f"{directory} is not a qlib provider directory: it has no {part}", hint)
    return Provider(directory, _read_calendar(directory), _read_instruments(directory))


def _read_calendar(directory: Path) -> np.ndarray:
    path = path_inside(directory, "calendars", "day.txt")
    days = _read_days(path)
    if not len(days):
        raise DataError(f"{path} has no day", "download or import the data again")
    return days


def _read_days(path: Path) -> np.ndarray:
    days = [_parse_day(text, path) for text in read_lines(path, MAX_LIST_BYTES)]
    for day, following in pairwise(days):
        if following <= day:
            raise DataError(f"{path} is not in ascending order: {following} follows {day}", "sort its days")
    return np.array(days, "datetime64[D]")


def _read_instruments(directory: Path) -> dict[str, tuple[Span, ...]]:
    path = path_inside(directory, "instruments", "all.txt")
    spans: dict[str, list[Span]] = {}
    for line in read_lines(path, MAX_LIST_BYTES):
        spelling, *days = line.split("\t")
        name = named(spelling)
        if name is None or len(days) != 2:
            raise DataError(f"{path} has an invalid line {line[:60]!r}", "write NAME<tab>first day<tab>last day")
        spans.setdefault(name, []).append(Span(*(_parse_day(text, path) for text in days)))
    return {name: tuple(listed) for name, listed in spans.items()}


def _parse_day(text: str, path: Path) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # such as 2010-02-30
    raise DataError(f"{path} has {text[:40]!r} where a date belongs", "write dates as 2010-01-04")
