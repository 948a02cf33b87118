"""Days as vendors write them: ``2010-01-04``, ``20100104``, ``04-Jan-2010``, ``1/4/2010``, each with a time or without.

A time, and the zone it is in, are left out: the day counts as it is written. Whether ``1/4/2010`` is in January or
in April only a whole column can tell, by a number above 12; one that cannot is refused unless the user says.
"""

import re
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from volopt.errors import DataError

Order = Literal["day-first", "month-first"]
_ZONE = r"(?: ?(?:Z|UTC|[AP]M|[+-][0-9]{2}:?[0-9]{2}))?"
_TIME = re.compile(rf"[T ]+[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]+)?)?{_ZONE}$")
LONGEST = 60  # characters of a day with its time
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+)?")
_NAMED = re.compile(r"([0-9]{1,2})[- /]([A-Za-z]{3,9})\.?[- /,]+([0-9]{4}|[0-9]{2})")
_NAME_FIRST = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2}),? +([0-9]{4})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


def day(text: str, order: Order | None = None) -> date | None:
    """The day that a text is, of 1900 to 2099, or None; ``order`` says what ``1/4/2010`` is, month first if None."""
    text = _without_time(text)
    if match := _YEAR_FIRST.fullmatch(text) or _DIGITS.fullmatch(text):
        return _date(match[1], int(match[2]), match[3])
    if match := _NAMED.fullmatch(text):
        return _date(match[3], _month(match[2]), match[1])
    if match := _NAME_FIRST.fullmatch(text):
        return _date(match[3], _month(match[1]), match[2])
    if match := _YEAR_LAST.fullmatch(text):
        first, second = int(match[1]), int(match[3])
        day_first = match[2] == "." or order == "day-first"  # points are of places that write the day first
        return _date(match[4], second if day_first else first, str(first if day_first else second))
    return None


def days(column: pd.Series, order: Order | None, source: str) -> np.ndarray:
    """A column as datetime64[D] (rows,), NaT where it holds no day.

    Raises:
        DataError: it can be read with the day first or with the month first.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)  # the day where the market is
    if pd.api.types.is_datetime64_dtype(column.dtype):
        return _within(column.to_numpy("datetime64[D]"))
    codes, texts = pd.factorize(column.fillna("").astype(str))
    order = order or _order(list(texts), source)
    return np.array([day(text, order) for text in texts] or [None], "datetime64[D]")[codes]


def _order(texts: list[str], source: str) -> Order | None:
    """What comes first in dates such as 1/4/2010; None where there are none."""
    matches = [match for text in texts if (match := _YEAR_LAST.fullmatch(_without_time(text))) and match[2] != "."]
    day_first = sum(int(match[1]) > 12 >= int(match[3]) for match in matches)
    month_first = sum(int(match[3]) > 12 >= int(match[1]) for match in matches)
    if matches and not day_first and not month_first:
        shown = matches[0][0]
        raise DataError(
            f"{source} has dates such as {shown}, which may begin with the day or the month",
            "say which: --dates day-first or --dates month-first",
        )
    return None if not matches else "day-first" if day_first > month_first else "month-first"


def _without_time(text: str) -> str:
    text = text.strip()[:LONGEST]
    time = _TIME.search(text)
    return text[: time.start()] if time else text


def _month(name: str) -> int:
    """1 to 12, or 0 for a name of no month."""
    return next((number for number, full in enumerate(_MONTHS, 1) if full.startswith(name.lower())), 0)


def _date(year: str, month: int, day: str) -> date | None:
    whole = int(year) if len(year) == 4 else int(year) + (2000 if int(year) < 69 else 1900)
    try:
        return date(whole, month, int(day)) if 1900 <= whole < 2100 else None
    except ValueError:
        return None


def _within(values: np.ndarray) -> np.ndarray:
    outside = (values < np.datetime64("1900-01-01")) | (values > np.datetime64("2099-12-31"))
    return np.where(outside, np.datetime64("NaT", "D"), values)
