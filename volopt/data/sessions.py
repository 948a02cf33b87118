"""Say what the calendar tells in advance about the day to be forecast: the fields that need no file.

On a day t of the calendar each field of ``CALENDAR_FIELDS`` describes n, the exchange's next session after t. An
exchange publishes its sessions in advance, so they are known at the close of t. A stock's own next day would reveal a
suspension, so no field of n looks at stocks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from volopt.definition.values import WEEKDAY_FIELDS

DAYS_TO_NEXT = "$days_to_next"
SESSIONS_MISSED = "$sessions_missed"  # the only one that differs between stocks
CAP = 30  # sessions: the most that is counted to a holiday or to the end of a period
AHEAD = CAP + 1  # sessions after t that decide every field: n, and CAP more
LONG = 6  # calendar days without a session that make a long holiday
MAX_MISSED = 60  # sessions

_PERIODS: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "week": lambda days: (days.astype(int) + 3) // 7,  # from Monday on, as in ISO 8601; 1970-01-01 was a Thursday
    "month": lambda days: days.astype("datetime64[M]").astype(int),
    "quarter": lambda days: days.astype("datetime64[M]").astype(int) // 3,
    "year": lambda days: days.astype("datetime64[Y]").astype(int),
}


@dataclass(frozen=True)
class Sessions:
    """Hold the days t of a calendar, and ``AHEAD`` sessions after its end."""

    days: np.ndarray  # datetime64[D] (calendar days + AHEAD,), ascending

    @classmethod
    def of(cls, calendar: np.ndarray, following: np.ndarray) -> "Sessions":
        """Return the sessions of a calendar, datetime64[D] ascending, and of the known ones after it.

        Where fewer than ``AHEAD`` are known, weekdays are assumed after them.
        """
        known = np.append(calendar, following[:AHEAD])
        unknown = np.arange(len(calendar) + AHEAD - len(known))
        return cls(np.append(known, np.busday_offset(known[-1] + 1, unknown, roll="forward")))

    @property
    def next(self) -> pd.DatetimeIndex:
        """Return n of each day t, as each method returns one value a day t (calendar days,)."""
        return pd.DatetimeIndex(self._of_next(self.days))

    def days_to_next(self) -> np.ndarray:
        """Return the calendar days from t to n: 1, over a weekend 3, over holidays more."""
        return np.diff(self.days)[:-CAP].astype(int)

    def days_after_next(self) -> np.ndarray:
        """Return the calendar days from n to the session after it."""
        return self._of_next(np.diff(self.days).astype(int))

    def before_in(self, period: str) -> np.ndarray:
        """Return how many sessions of n's week, month, quarter or year the calendar has before n."""
        numbers = _PERIODS[period](self.days)
        return self._of_next(np.arange(len(numbers)) - np.searchsorted(numbers, numbers, "left"))

    def after_in(self, period: str) -> np.ndarray:
        """Return how many sessions n's week, month, quarter or year has after n, at most ``CAP``."""
        numbers = _PERIODS[period](self.days)
        after = np.searchsorted(numbers, numbers, "right") - 1 - np.arange(len(numbers))
        return self._of_next(np.minimum(after, CAP))

    def since_holiday(self, least: int = 1) -> np.ndarray:
        """Return the sessions between the last holiday and n: 0 to ``CAP``, which also stands for none.

        A holiday lies between two sessions: a weekday (Monday to Friday) without a session, and at least ``least``
        calendar days without one.
        """
        holiday = self._before_holiday(least)
        rows = np.arange(len(holiday))
        last = np.maximum.accumulate(np.where(holiday, rows, -CAP))
        return np.minimum(rows - last, CAP)[:-CAP]  # 0 in the row of t is a holiday between t and n

    def to_holiday(self, least: int = 1) -> np.ndarray:
        """Return the sessions between n and the next holiday: 0 to ``CAP``, as ``since_holiday`` does."""
        holiday = self._before_holiday(least)
        rows = np.arange(len(holiday))
        coming = np.minimum.accumulate(np.where(holiday, rows, len(rows) + CAP)[::-1])[::-1]
        return self._of_next(np.minimum(coming - rows, CAP))

    def angle(self, turns: int) -> np.ndarray:
        """Return n as an angle in radians that is 0 on January 1 and makes ``turns`` turns a year."""
        share = (self.next.day_of_year - 1) / (365 + self.next.is_leap_year)
        return 2 * np.pi * turns * np.asarray(share)

    def _of_next(self, values: np.ndarray) -> np.ndarray:
        """Return from the values of ``days`` those of each n."""
        of_next: np.ndarray = values[1 : len(self.days) - CAP]
        return of_next

    def _before_holiday(self, least: int) -> np.ndarray:
        """Return whether a holiday follows each of ``days`` but the last."""
        without = np.diff(self.days).astype(int) - 1
        return (np.busday_count(self.days[:-1] + 1, self.days[1:]) > 0) & (without >= least)


def _is_weekday(number: int) -> Callable[[Sessions], np.ndarray]:
    return lambda sessions: sessions.next.day_of_week == number


def _is_third_friday(sessions: Sessions) -> np.ndarray:
    return (sessions.next.day_of_week == 4) & ((sessions.next.day - 1) // 7 == 2)


# study/README.md has a sentence on each.
CALENDAR_FIELDS: Mapping[str, Callable[[Sessions], np.ndarray]] = {
    DAYS_TO_NEXT: Sessions.days_to_next,
    "$days_after_next": Sessions.days_after_next,
    **{field: _is_weekday(number) for number, field in enumerate(WEEKDAY_FIELDS)},
    "$sessions_since_holiday": Sessions.since_holiday,
    "$sessions_to_holiday": Sessions.to_holiday,
    "$sessions_since_long_holiday": lambda sessions: sessions.since_holiday(LONG),
    "$sessions_to_long_holiday": lambda sessions: sessions.to_holiday(LONG),
    "$sessions_in_week": lambda sessions: sessions.before_in("week") + 1 + sessions.after_in("week"),
    "$sessions_since_month_start": lambda sessions: sessions.before_in("month"),
    "$sessions_to_month_end": lambda sessions: sessions.after_in("month"),
    "$sessions_to_quarter_end": lambda sessions: sessions.after_in("quarter"),
    "$sessions_to_year_end": lambda sessions: sessions.after_in("year"),
    "$third_friday": _is_third_friday,
    "$next_month": lambda sessions: sessions.next.month.to_numpy(),
    "$next_day": lambda sessions: sessions.next.day.to_numpy(),
    "$year_sine": lambda sessions: np.sin(sessions.angle(1)),
    "$year_cosine": lambda sessions: np.cos(sessions.angle(1)),
    "$half_year_sine": lambda sessions: np.sin(sessions.angle(2)),
    "$half_year_cosine": lambda sessions: np.cos(sessions.angle(2)),
}


def calendar_values(field: str, sessions: Sessions) -> np.ndarray:
    """Return a field of ``CALENDAR_FIELDS`` on each day of the calendar, float32 (days,), not writeable."""
    return _computed(field, sessions.days.tobytes())


@lru_cache(maxsize=4 * len(CALENDAR_FIELDS))
def _computed(field: str, days: bytes) -> np.ndarray:
    """Compute a field once for all instruments of a panel, each of which opens the provider anew."""
    values = CALENDAR_FIELDS[field](Sessions(np.frombuffer(days, "datetime64[D]"))).astype(np.float32)
    values.flags.writeable = False
    return values


def sessions_missed(volume: np.ndarray) -> np.ndarray:
    """Return how many sessions without trade lie between each day and the stock's trade day before it.

    Args:
        volume: of the stock, by session (days,); it trades where this is finite and positive.

    Returns:
        float32 (days,), at most ``MAX_MISSED``; NaN where no trade day is before.
    """
    with np.errstate(invalid="ignore"):
        traded = np.isfinite(volume) & (volume > 0)
    rows = np.arange(len(volume))
    latest = np.maximum.accumulate(np.where(traded, rows, -1))
    before = np.append(-1, latest)[: len(volume)]
    return np.where(before < 0, np.nan, np.minimum(rows - before - 1, MAX_MISSED)).astype(np.float32)
