"""What a frame leaves out and what in it is doubtful: counted and told, never dropped in silence.

A gap is where two trade days are more than 10 calendar days apart (or, in a provider, a trade day and
an end of the range): the holidays of the Chinese exchanges seldom take that long, and shorter absences
cannot be told from holidays in a file without a calendar. An outlier is a day whose log volume is more
than 2 away from the median of the 11 trade days around it (at the ends, of those that are there).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from volopt.data.provider import HOLIDAYS

OUTLIER_DAYS = 11
OUTLIER_LOG = 2.0


class Gap(NamedTuple):
    """Days without trade: the first and the last of them, and how many of them are weekdays."""

    first: date
    last: date
    weekdays: int


class Outlier(NamedTuple):
    """A day whose volume its neighbours do not explain; ``log_ratio`` is its distance to their median."""

    day: date
    log_ratio: float


@dataclass(frozen=True)
class Quality:
    """Counts over the range asked for, in days, and what stands out among the trade days."""

    days: int
    no_trade: int
    incomplete: int
    gaps: tuple[Gap, ...]
    outliers: tuple[Outlier, ...]

    def lines(self) -> list[str]:
        """The same in words, a line a matter."""
        kept = self.days - self.no_trade - self.incomplete
        dropped = f"{self.no_trade} without trade, {self.incomplete} incomplete"
        lines = [f"{kept} trade days kept of {self.days} days: {dropped}"]
        return [*lines, *doubts(self.gaps, self.outliers)]


def doubts(gaps: Sequence[Gap], outliers: Sequence[Outlier]) -> list[str]:
    """Gaps and outliers in words, a line each."""
    lines = [f"no trade from {gap.first} to {gap.last} ({gap.weekdays} weekdays)" for gap in gaps]
    return lines + [_outlier_line(outlier) for outlier in outliers]


def _outlier_line(outlier: Outlier) -> str:
    direction = "above" if outlier.log_ratio > 0 else "below"
    factor = np.exp(abs(outlier.log_ratio))
    return f"volume on {outlier.day} is {factor:.1f} times {direction} the days around it"


def find_gaps(trade_days: np.ndarray, ends: tuple[date, date] | None = None) -> tuple[Gap, ...]:
    """The gaps between trade days (datetime64[D], ascending), and towards the range's ends if given."""
    days = trade_days.astype("datetime64[D]")
    if ends is not None:
        first, last = np.array(ends, "datetime64[D]")
        days = np.concatenate([[first - 1], days, [last + 1]])
    long = np.flatnonzero(np.diff(days).astype(int) > HOLIDAYS)
    return tuple(
        Gap((days[i] + 1).item(), (days[i + 1] - 1).item(), int(np.busday_count(days[i] + 1, days[i + 1])))
        for i in long
    )


def find_outliers(trade_days: np.ndarray, volume: np.ndarray) -> tuple[Outlier, ...]:
    """The days whose volume (> 0) its neighbours do not explain."""
    logs = pd.Series(np.log(volume))
    ratios = logs - logs.rolling(OUTLIER_DAYS, center=True, min_periods=1).median()
    rows: Sequence[int] = np.flatnonzero(np.abs(ratios) > OUTLIER_LOG).tolist()
    return tuple(Outlier(trade_days[row].astype("datetime64[D]").item(), float(ratios[row])) for row in rows)
