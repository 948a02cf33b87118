"""Doubt the days of a series that cannot be the trading days of an exchange."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np

from volopt.data.exchange import all_sessions, exchange_of

WEEKEND_SHARE = 0.1  # of the days on Saturdays and on Sundays, each, from which a market trades on every day
MAX_SPECIAL = 0.01  # of the days, up to which an exchange may have special sessions on weekends
MIN_DAYS = 5  # that show a spacing
MAX_STEP = 4  # calendar days between most trading days


class CalendarDoubt(NamedTuple):
    """Hold what is doubtful, with the remedy, and the days."""

    what: str
    days: Sequence[date]

    def line(self) -> str:
        """Return the doubt as one line of text."""
        examples = ", ".join([*map(str, self.days[:3]), *(["…"] if len(self.days) > 3 else [])])
        return f"{self.what}: {len(self.days)} ({examples})"


def doubt_calendar(days: np.ndarray, instrument: str) -> list[CalendarDoubt]:
    """Return what is doubtful in trading days (datetime64[D], ascending): weekends, holidays, rows of weeks or months.

    Only an instrument whose name tells its exchange has holidays, and special sessions on weekends.
    """
    days = days.astype("datetime64[D]")
    if not len(days):
        return []
    exchange = exchange_of(instrument)
    sessions = days if exchange is None else all_sessions(exchange)
    closed = ~np.isin(days, sessions) & (sessions[0] <= days) & (days <= sessions[-1])
    weekday = (days.astype(int) + 3) % 7  # 1970-01-01 was a Thursday
    weekend = (weekday >= 5) & (closed if exchange else True)
    holiday = (weekday < 5) & closed
    doubts = []
    if weekend.any() and min((weekday == 5).mean(), (weekday == 6).mean()) < WEEKEND_SHARE:
        cause = "special sessions?" if weekend.mean() <= MAX_SPECIAL else "of another time zone? import with --timezone"
        doubts.append(CalendarDoubt(f"days on a Saturday or Sunday ({cause})", days[weekend].tolist()))
    if holiday.any():
        what = f"days on which {exchange} was closed (of another exchange or time zone? import with --timezone)"
        doubts.append(CalendarDoubt(what, days[holiday].tolist()))
    step = float(np.median(np.diff(days).astype(int))) if len(days) >= MIN_DAYS else 1.0
    if step > MAX_STEP:
        what = f"rows that are {step:g} days apart, not one a trading day (import daily rows)"
        doubts.append(CalendarDoubt(what, days.tolist()))
    return doubts
