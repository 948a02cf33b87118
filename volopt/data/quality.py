"""Report what a frame leaves out and what is doubtful in it.

A gap lies between two trade days that are more than 10 calendar days apart (or, in a provider, between a trade day
and an end of the range): the holidays of the Chinese exchanges are seldom that long, and a file without a calendar
does not tell shorter gaps from holidays. An outlier is a day whose log volume differs by more than 2 from the median
of the 11 trade days around it (at the ends, of fewer days).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from volopt.data.provider import MAX_HOLIDAY_DAYS

OUTLIER_DAYS = 11
OUTLIER_LOG = 2.0


class Gap(NamedTuple):
    """Hold the first and last of several days without trade, and how many of them are weekdays."""

    first: date
    last: date
    weekdays: int


class Outlier(NamedTuple):
    """Hold a day whose volume its neighbours do not explain, and its log distance to their median."""

    day: date
    log_ratio: float


@dataclass(frozen=True)
class Quality:
    """Count the days of the requested range, and list what is doubtful among its trade days."""

    days: int
    no_trade: int
    incomplete: int
    gaps: tuple[Gap, ...]
    outliers: tuple[Outlier, ...]

    def lines(self) -> list[str]:
        """Return the counts and the doubts as text."""
        used = self.days - self.no_trade - self.incomplete
        dropped = f"{self.no_trade} without trade, {self.incomplete} incomplete"
        return [f"{used} trade days kept of {self.days} days: {dropped}", *doubt_lines(self.gaps, self.outliers)]


def doubt_lines(gaps: Sequence[Gap], outliers: Sequence[Outlier]) -> list[str]:
    """Return gaps and outliers as text, one line each."""
    lines = [f"no trade from {gap.first} to {gap.last} ({gap.weekdays} weekdays)" for gap in gaps]
    for day, log_ratio in outliers:
        direction = "above" if log_ratio > 0 else "below"
        lines.append(f"volume on {day} is {np.exp(abs(log_ratio)):.1f} times {direction} the days around it")
    return lines


def find_gaps(trade_days: np.ndarray, ends: tuple[date, date] | None = None) -> tuple[Gap, ...]:
    """Return the gaps between trade days (datetime64[D], ascending), and towards the range's ends if given."""
    days = trade_days.astype("datetime64[D]")
    if ends is not None:
        first, last = np.array(ends, "datetime64[D]")
        days = np.concatenate([[first - 1], days, [last + 1]])
    rows = np.flatnonzero(np.diff(days).astype(int) > MAX_HOLIDAY_DAYS)
    return tuple(
        Gap((first + 1).item(), (following - 1).item(), int(np.busday_count(first + 1, following)))
        for first, following in zip(days[rows], days[rows + 1], strict=True)
    )


def find_outliers(trade_days: np.ndarray, volume: np.ndarray) -> tuple[Outlier, ...]:
    """Return the days whose volume (> 0) its neighbours do not explain."""
    logs = pd.Series(np.log(volume))
    ratios = logs - logs.rolling(OUTLIER_DAYS, center=True, min_periods=1).median()
    rows: Sequence[int] = np.flatnonzero(np.abs(ratios) > OUTLIER_LOG).tolist()
    return tuple(Outlier(trade_days[row].astype("datetime64[D]").item(), float(ratios[row])) for row in rows)
