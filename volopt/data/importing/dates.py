"""Read days as vendors write them: ``2010-01-04``, ``20100104``, ``04-Jan-2010``, ``1/4/2010``, with or without a time.

A time and its zone are ignored: the day counts as it is written. Whether ``1/4/2010`` is in January or in April, only a
whole column can show, by a number above 12. A column that does not show it is refused unless the user says.
"""

import re
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from volopt.errors import DataError

DateOrder = Literal["day-first", "month-first"]
MAX_LENGTH = 60  # characters of a day with its time
_ZONE = r"(?: ?(?:Z|UTC|[AP]M|[+-][0-9]{2}:?[0-9]{2}))?"
_TIME = re.compile(rf"[T ]+[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}}(?:\.[0-9]+)?)?{_ZONE}$")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:\.0+)?")
_MONTH_SECOND = re.compile(r"([0-9]{1,2})[- /]([A-Za-z]{3,9})\.?[- /,]+([0-9]{4}|[0-9]{2})")
_MONTH_FIRST = re.compile(r"([A-Za-z]{3,9})\.? ([0-9]{1,2}),? +([0-9]{4})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})([-/.])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})")
_MONTHS = "january february march april may june july august september october november december"


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
        first, second = int(match[1]), int(match[3])
        day_first = match[2] == "." or order == "day-first"  # countries that write points write the day first
        return _date(match[4], second if day_first else first, str(first if day_first else second))
    return None


def parse_days(column: pd.Series, order: DateOrder | None, source: str) -> np.ndarray:
    """Return a column as datetime64[D] (rows,), NaT where it holds no day.

    Raises:
        DataError: it can be read with the day first or with the month first.
    """
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        column = column.dt.tz_localize(None)  # the day at the market
    if pd.api.types.is_datetime64_dtype(column.dtype):
        days = column.to_numpy("datetime64[D]")
        outside = (days < np.datetime64("1900-01-01")) | (days > np.datetime64("2099-12-31"))
        return np.where(outside, np.datetime64("NaT", "D"), days)
    codes, texts = pd.factorize(column.fillna("").astype(str))
    order = order or _find_order(list(texts), source)
    return np.array([parse_day(text, order) for text in texts] or [None], "datetime64[D]")[codes]


def _find_order(texts: list[str], source: str) -> DateOrder | None:
    """Return what comes first in dates such as 1/4/2010; None where there are none."""
    matches = [match for text in texts if (match := _YEAR_LAST.fullmatch(_without_time(text))) and match[2] != "."]
    day_first = sum(int(match[1]) > 12 >= int(match[3]) for match in matches)
    month_first = sum(int(match[3]) > 12 >= int(match[1]) for match in matches)
    if matches and not day_first and not month_first:
        message = f"{source} has dates such as {matches[0][0]}, which may begin with the day or the month"
        raise DataError(message, "choose --dates day-first or --dates month-first")
    return None if not matches else "day-first" if day_first > month_first else "month-first"


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
