"""Read days as vendors write them: ``2010-01-04``, ``20100104``, ``04-Jan-2010``, ``1/4/2010``, with or without a time.

The day counts as it is written, unless the user names the time zone of the exchange. Times that count from 1970 are in
UTC. Whether ``1/4/2010`` is in January or in April, only a whole column can show, by a number above 12, and whether
``06.01.20`` begins with the day or the year, by days that lie close together. volopt refuses a column that does not
show it.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from volopt.data.importing.issues import Issue, count_cases
from volopt.errors import DataError

DateOrder = Literal["day-first", "month-first", "year-first"]  # the user says one of the first two
MAX_LENGTH = 60  # characters of a day with its time
MIN_EPOCH, MAX_EPOCH = 315_532_800, 4_102_444_800  # seconds from 1970 to 1980 and to 2100
COMPACT = 2  # how many times longer the way from day to day must be in another order
_PER_SECOND: dict[Literal["s", "ms", "us", "ns"], int] = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
_ZONE = r"(?: ?(Z|UTC|[AP]M|[+-][0-9]{2}:?[0-9]{2}))?"
_TIME = re.compile(rf"[T ]+([0-9]{{1,2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:\.[0-9]+)?)?{_ZONE}$")
_UTC = ("Z", "UTC", "+00:00", "+0000")
_EPOCH = re.compile(r"([0-9]{9,19})(?:\.0+)?")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+)?")
_MONTH_SECOND = re.compile(r"([0-9]{1,2})[- /]([A-Za-z]{3,9})\.?[- /,]+([0-9]{4}|[0-9]{2})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2}),? +([0-9]{4})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_MONTHS = "january february march april may june july august september october november december"


@dataclass(frozen=True)
class ParsedDays:
    """Hold the days of a column, datetime64[D] (rows,), NaT where it has none, and what was decided and is doubtful."""

    values: np.ndarray
    notes: tuple[str, ...] = ()
    doubted: tuple[Issue, ...] = ()


def parse_day(text: str, order: DateOrder | None = None) -> date | None:
    """Return the day of 1900 to 2099 that a text is, or None; ``order`` decides ``1/4/2010``, month first if None."""
    text = _without_time(text)
    if match := _YEAR_FIRST.fullmatch(text) or _DIGITS.fullmatch(text):
        return _date(match[1], int(match[2]), match[3])
    if match := _MONTH_SECOND.fullmatch(text):
        return _date(match[3], _month(match[2]), match[1])
    if match := _MONTH_FIRST.fullmatch(text):
        return _date(match[3], _month(match[1]), match[2])
    if match := _YEAR_LAST.fullmatch(text):
        first, second, last = match[1], match[3], match[4]
        if order == "year-first":
            return _date(first, int(second), last) if len(first) == len(last) == 2 else None
        if match[2] == "." or order == "day-first":  # countries that write points write the day first
            return _date(last, int(second), first)
        return _date(last, int(first), second)
    return None


def parse_days(column: pd.Series, order: DateOrder | None, source: str, zone: str | None = None) -> ParsedDays:
    """Return the days of a column.

    Args:
        column: timestamps, numbers, or texts.
        order: what comes first in dates such as 1/4/2010; None if the column shows it.
        source: the file, for errors.
        zone: the time zone of the exchange, to which times are converted; times without a zone count as UTC.

    Raises:
        DataError: it can be read in two orders.
    """
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        return _of_timestamps(column, zone)
    if pd.api.types.is_float_dtype(column.dtype):
        column = column.map("{:.0f}".format, na_action="ignore")
    codes, unique = pd.factorize(column.fillna("").astype(str).str.strip())
    texts: list[str] = list(unique)
    if unit := _epoch_unit(texts):
        ticks = pd.array([int(match[1]) if (match := _EPOCH.match(text)) else None for text in texts], dtype="Int64")
        moments = pd.Series(pd.to_datetime(ticks, unit=unit, utc=True)).take(codes)
        parsed = _of_timestamps(moments, zone)
        return ParsedDays(
            parsed.values, (f"dates in {_UNITS[unit]} from 1970-01-01 UTC", *parsed.notes), parsed.doubted
        )
    found = order or _find_order(texts, source)
    days = np.array([_day_at(text, found, zone) for text in texts] or [None], "datetime64[D]")[codes]
    times = [(text, match) for text in texts if (match := _TIME.search(text))]
    clock = {(f"{match[1]}:{match[2]}:{match[3] or ''}", match[4] in _UTC) for _, match in times}
    examples = [text for text, _ in times]
    if zone is not None:
        return ParsedDays(days, (_zone_note(zone),) if times else ())
    return ParsedDays(days, _order_note(texts, found), _doubt_times(clock, examples))


def _of_timestamps(times: pd.Series, zone: str | None) -> ParsedDays:
    aware = isinstance(times.dtype, pd.DatetimeTZDtype)
    if zone is not None:
        times = (times if aware else times.dt.tz_localize("UTC")).dt.tz_convert(zone)
    in_utc = str(getattr(times.dtype, "tz", "")) == "UTC"
    local = times if zone is None and not aware else times.dt.tz_localize(None)
    days = local.to_numpy("datetime64[D]")
    outside = (days < np.datetime64("1900-01-01")) | (days > np.datetime64("2099-12-31"))
    values = np.where(outside, np.datetime64("NaT", "D"), days)
    if zone is not None:
        return ParsedDays(values, (_zone_note(zone),))
    known = local.dropna()
    clock = {(text, in_utc) for text in known.dt.strftime("%H:%M:%S").unique()}
    return ParsedDays(values, (), _doubt_times(clock, list(times.dropna().astype(str))))


def _doubt_times(clock: set[tuple[str, bool]], examples: Sequence[str]) -> tuple[Issue, ...]:
    """Doubt times of day, each with whether it is in UTC, that are never midnight and all the same or all in UTC."""
    midnight = any(not time.strip("0:") for time, _ in clock)
    if not clock or midnight or (len(clock) > 1 and not all(in_utc for _, in_utc in clock)):
        return ()
    what = "times of day that are never midnight (is it another day at the exchange? --timezone, as in Asia/Kolkata)"
    return tuple(count_cases(what, examples))


def _zone_note(zone: str) -> str:
    return f"days in {zone}; times without a zone count as UTC"


def _epoch_unit(texts: Sequence[str]) -> Literal["s", "ms", "us", "ns"] | None:
    """Return the unit of numbers that count from 1970; None where a text is anything else."""
    matches = [_EPOCH.fullmatch(text) for text in texts if text]
    ticks = [int(match[1]) for match in matches if match]
    if not ticks or len(ticks) < len(matches):
        return None
    fitting = (u for u, size in _PER_SECOND.items() if MIN_EPOCH * size <= min(ticks) <= max(ticks) < MAX_EPOCH * size)
    return next(fitting, None)


def _day_at(text: str, order: DateOrder | None, zone: str | None) -> date | None:
    """Return the day of a text, in a time zone if one is given and the text has a time."""
    day, match = parse_day(text, order), _TIME.search(text)
    if day is None or match is None or zone is None:
        return day
    hour, mark = int(match[1]), match[4] or "Z"
    if mark in ("AM", "PM"):
        hour, mark = hour % 12 + 12 * (mark == "PM"), "Z"
    offset = timedelta(0)
    if mark not in ("Z", "UTC"):
        offset = timedelta(hours=int(mark[1:3]), minutes=int(mark[-2:])) * (-1 if mark[0] == "-" else 1)
    try:
        moment = datetime.combine(
            day, time(hour, int(match[2]), int(match[3] or 0)), timezone(offset) if offset else UTC
        )
        return moment.astimezone(ZoneInfo(zone)).date()
    except (ValueError, OverflowError):  # such as 25:00
        return None


def _find_order(texts: Sequence[str], source: str) -> DateOrder | None:
    """Return what comes first in dates such as 1/4/2010; None where there are none."""
    matches = [match for text in texts if (match := _YEAR_LAST.fullmatch(_without_time(text)))]
    if not matches:
        return None
    orders: list[DateOrder] = ["day-first"]
    if any(match[2] != "." for match in matches):
        orders.append("month-first")
    if all(len(match[1]) == len(match[4]) == 2 for match in matches):
        orders.append("year-first")
    days = {order: [day for match in matches if (day := parse_day(match[0], order))] for order in orders}
    most = max(map(len, days.values()))
    likely = [order for order in orders if len(days[order]) == most]
    if len(likely) > 1 and "year-first" in likely:
        likely = _judge_year_first(likely, {order: _way(days[order]) for order in likely})
    if len(likely) > 1:
        text = matches[0][0]
        begins = " or the ".join(order.partition("-")[0] for order in likely)
        readings = " or ".join(str(parse_day(text, order)) for order in likely)
        message = f"{source} has dates such as {text}, which may begin with the {begins}: {readings}"
        choices = [f"--dates {order}" if order != "year-first" else "write years with four digits" for order in likely]
        raise DataError(message, f"choose {' or '.join(choices)}")
    return likely[0]


def _judge_year_first(orders: list[DateOrder], ways: Mapping[DateOrder, int]) -> list[DateOrder]:
    """Return only year-first, or all others, if their days follow each other much more closely."""
    others: list[DateOrder] = [order for order in orders if order != "year-first"]
    year, other = ways["year-first"], min(ways[order] for order in others)
    if COMPACT * year < other:
        return ["year-first"]
    return others if COMPACT * other < year else orders


def _way(days: Sequence[date]) -> int:
    """Return how many days lie between each day and the next, all together."""
    return sum(abs((following - day).days) for day, following in pairwise(days))


def _order_note(texts: Sequence[str], order: DateOrder | None) -> tuple[str, ...]:
    example = next((text for text in texts if _YEAR_LAST.fullmatch(_without_time(text)) and parse_day(text, order)), "")
    return (f"dates: {_without_time(example)} is {parse_day(example, order)} (--dates)",) if example else ()


def _without_time(text: str) -> str:
    text = text.strip()[:MAX_LENGTH]
    time = _TIME.search(text)
    return text[: time.start()] if time else text


def _month(name: str) -> int:
    """Return 1 to 12, or 0 for a name that is no month."""
    return next((number for number, month in enumerate(_MONTHS.split(), 1) if month.startswith(name.lower())), 0)


def _date(year: str, month: int, day: str) -> date | None:
    full_year = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 69 else 1900)
    try:
        return date(full_year, month, int(day)) if 1900 <= full_year < 2100 else None
    except ValueError:
        return None
