"""A qlib provider directory, checked before anything reads it.

qlib is silent on bad input: an unknown instrument gives an empty table, an unknown field a column of
NaN, a truncated series is taken as it is. So every name, date and file is checked here first; nothing
but the files of the directory itself is read, and none without a bound.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from volopt.data.bins import SUFFIX, SYNTHETIC, folder, is_instrument_name, read_bin
from volopt.data.files import inside, is_directory, names, read_lines
from volopt.data.staging import left_aside
from volopt.errors import DataError, suggest

MAX_LIST_BYTES = 1_000_000  # of the calendar and of the instrument list
DAYS_TO_NEXT = "$days_to_next"  # a field that comes from the calendar: see ``Provider.days_to_next``
HOLIDAYS = 10  # calendar days without trade that are nothing unusual
_DATE = re.compile(r"(19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}")
_FIELD_FILE = re.compile(r"[a-z_][a-z0-9_]*" + re.escape(SUFFIX))


class Span(NamedTuple):
    """First and last day that an instrument is listed."""

    first: date
    last: date


class CalendarRows(NamedTuple):
    """First and last row of the calendar in a range, both in it."""

    first: int
    last: int


@dataclass(frozen=True)
class Provider:
    """An opened provider directory; ``open_provider`` makes one."""

    directory: Path
    calendar: np.ndarray  # datetime64[D], ascending
    instruments: Mapping[str, tuple[Span, ...]]

    @property
    def synthetic(self) -> bool:
        """Whether its numbers were generated."""
        return (self.directory / SYNTHETIC).is_file()

    def fields(self, instrument: str) -> list[str]:
        """The fields that an instrument has files for, such as ``$close``."""
        files = names(inside(self.directory, "features", folder(instrument)))
        return [f"${name.removesuffix(SUFFIX)}" for name in files if _FIELD_FILE.fullmatch(name)]

    def series(self, instrument: str, field: str) -> tuple[int, np.ndarray]:
        """The calendar row at which a field starts, and its values as in ``read_bin``."""
        if field == DAYS_TO_NEXT:
            return 0, self.days_to_next()
        name = f"{field.removeprefix('$')}{SUFFIX}"
        path = inside(self.directory, "features", folder(instrument), name)
        return read_bin(path, len(self.calendar))

    def check(self, instrument: str, fields: Collection[str], start: date | None, end: date | None) -> CalendarRows:
        """The rows of a range, after a look at everything that reading these fields there needs.

        Raises:
            DataError: the instrument or a field is unknown, a series is broken, or no day lies in the range.
        """
        if instrument not in self.instruments:
            message = f"there is no instrument {instrument} in {self.directory}"
            raise DataError(message, suggest(instrument, self.instruments))
        known = self.fields(instrument)
        for field in sorted(set(fields) - {*known, DAYS_TO_NEXT}):
            raise DataError(f"{instrument} has no field {field} in {self.directory}", suggest(field, known))
        for field in fields:
            self.series(instrument, field)
        rows = self.rows(start, end)
        first, last = self.day(rows.first), self.day(rows.last)
        if not any(span.first <= last and first <= span.last for span in self.instruments[instrument]):
            listed = " and ".join(f"{a} to {b}" for a, b in self.instruments[instrument])
            message = f"{instrument} is not listed between {first} and {last}"
            raise DataError(message, f"it is listed from {listed}")
        return rows

    def rows(self, start: date | None, end: date | None) -> CalendarRows:
        """The rows of the days from ``start`` to ``end``; None means the calendar's own end.

        Raises:
            DataError: the range is empty, or reaches past the calendar by more than holidays explain.
        """
        first, last = self.day(0), self.day(-1)
        start, end = start or first, end or last
        if (first - start).days > HOLIDAYS or (end - last).days > HOLIDAYS or start > last or end < first:
            message = f"{start} to {end} lies outside the calendar of {self.directory}"
            raise DataError(message, f"it has the days from {first} to {last}")
        begin = int(np.searchsorted(self.calendar, np.datetime64(start, "D"), "left"))
        stop = int(np.searchsorted(self.calendar, np.datetime64(end, "D"), "right")) - 1
        if begin > stop:
            raise DataError(f"{start} to {end} has no trading day", "write an earlier start or a later end")
        return CalendarRows(begin, stop)

    def days_to_next(self) -> np.ndarray:
        """From each day of the calendar to the next one, in days (float32): 1, over a weekend 3, over holidays more.

        The exchange announces its days in advance, so that tomorrow's distance is known today; the distance to a
        stock's own next day would tell of suspensions to come. After the last day the next weekday is assumed.
        """
        following = np.append(self.calendar[1:], next_weekday(self.calendar[-1]))
        distances: np.ndarray = (following - self.calendar).astype(np.float32)
        return distances

    def day(self, row: int) -> date:
        """The calendar's day at ``row``."""
        day: date = self.calendar[row].item()
        return day


def next_weekday(day: np.datetime64) -> np.datetime64:
    """The first day after ``day`` that is no Saturday or Sunday."""
    following: np.datetime64 = np.busday_offset(day + 1, 0, roll="forward")
    return following


def open_provider(directory: Path) -> Provider:
    """Open a provider directory.

    Raises:
        DataError: it is missing or is none, or its calendar or instrument list cannot be read.
    """
    hint = "name a qlib provider directory, or write one with `volopt data import` or `volopt data sample`"
    if not is_directory(directory):
        if is_directory(left := left_aside(directory)):
            hint = f"a process was killed as it replaced it: the next import or download puts back {left}"
        raise DataError(f"there is no data directory {directory}", hint)
    for part in ("calendars", "instruments", "features"):
        if part not in names(directory):
            raise DataError(f"{directory} is no qlib provider directory: it has no {part}", hint)
    return Provider(directory, _calendar(directory), _instruments(directory))


def _calendar(directory: Path) -> np.ndarray:
    path = inside(directory, "calendars", "day.txt")
    days = [_day(text, path) for text in read_lines(path, MAX_LIST_BYTES)]
    if not days:
        raise DataError(f"{path} has no day", "get or write the data directory anew")
    for before, after in pairwise(days):
        if after <= before:
            raise DataError(f"{path} is not in ascending order: {after} follows {before}", "sort its days")
    return np.array(days, "datetime64[D]")


def _instruments(directory: Path) -> dict[str, tuple[Span, ...]]:
    path = inside(directory, "instruments", "all.txt")
    spans: dict[str, list[Span]] = {}
    for line in read_lines(path, MAX_LIST_BYTES):
        name, *days = line.split("\t")
        if not is_instrument_name(name) or len(days) != 2:
            raise DataError(f"{path} has a line {line[:60]!r}", "write NAME<tab>first day<tab>last day")
        spans.setdefault(name, []).append(Span(*(_day(text, path) for text in days)))
    return {name: tuple(each) for name, each in spans.items()}


def _day(text: str, path: Path) -> date:
    try:
        if _DATE.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass  # such as 2010-02-30: no date either
    raise DataError(f"{path} has {text[:40]!r} where a date belongs", "write dates as 2010-01-04")
