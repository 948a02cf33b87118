"""Split a range of days into periods, each of which is forecast by a fit on the days before it."""

from datetime import date
from typing import Literal

import pandas as pd

from volopt.windows.split import DAY, Period

RefitFrequency = Literal["year", "quarter", "never"]
OFFSETS = {"year": "YS", "quarter": "QS"}  # of pandas, to the first day of the next one


def split_periods(first: date, last: date, frequency: RefitFrequency) -> list[Period]:
    """Return the periods from ``first`` to ``last``; each begins with a refit, the later ones on a calendar turn."""
    starts = [first]
    if frequency != "never":
        starts += [turn.date() for turn in pd.date_range(first + DAY, last, freq=OFFSETS[frequency])]
    return [Period(start, end - DAY) for start, end in zip(starts, [*starts[1:], last + DAY], strict=True)]


def year_before(first: date) -> Period:
    """Return the year before ``first``, whose errors calibrate the first intervals."""
    try:
        start = first.replace(year=first.year - 1)
    except ValueError:  # 29 February
        start = date(first.year - 1, 3, 1)
    return Period(start, first - DAY)
