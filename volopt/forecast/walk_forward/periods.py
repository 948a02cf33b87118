"""Walking forward: which days are forecast by a network that was fitted on which."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Literal, NamedTuple

Refit = Literal["year", "quarter", "never"]
MONTHS = {"year": 12, "quarter": 3}
DAY = timedelta(days=1)


class Period(NamedTuple):
    """Days that are forecast by what was fitted on the days before them."""

    first: date
    last: date  # inclusive

    @property
    def train_end(self) -> date:
        """Return the last day that may be learned from."""
        return self.first - DAY


def periods(first: date, last: date, refit: Refit) -> list[Period]:
    """Return the periods from ``first`` to ``last``, each of which begins with a refit."""
    if refit == "never":
        return [Period(first, last)]
    starts = list(_starts(first, last, MONTHS[refit]))
    return [Period(start, following - DAY) for start, following in zip(starts, [*starts[1:], last + DAY], strict=True)]


def year_before(first: date) -> Period:
    """Return the year before ``first``: its errors are the first that an interval is calibrated on."""
    return Period(_same_day(first, first.year - 1), first - DAY)


def _starts(first: date, last: date, months: int) -> Iterator[date]:
    start = first
    while start <= last:
        yield start
        number = start.year * 12 + (start.month - 1) // months * months + months
        start = date(number // 12, number % 12 + 1, 1)


def _same_day(day: date, year: int) -> date:
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February
        return date(year, 3, 1)
