"""Convert the rows of one instrument to one row a day in qlib's convention, and count what is dropped or doubtful.

In qlib, prices are multiplied by the factor and volume is divided by it, so that shares traded are ``$volume *
$factor``. A day without trade stays, with a volume of 0 and the prices of the file, if it has any.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from volopt.data.calendar_check import doubt_calendar
from volopt.data.check import PRICE_TOLERANCE
from volopt.data.importing.columns import NUMBERS, PRICES
from volopt.data.importing.issues import Issue, count_cases
from volopt.data.importing.options import OnDuplicate
from volopt.data.quality import find_gaps, find_outliers
from volopt.errors import DataError

ALWAYS = ("close", "volume", "factor")  # fields of every instrument
MAX_EXTRA_ROWS = 20  # beyond one a day


class DailyTable(NamedTuple):
    """Hold one instrument's days, ascending, one column a field. Each row that was read is a day or dropped."""

    values: pd.DataFrame
    rows: int
    dropped: tuple[Issue, ...]
    doubted: tuple[Issue, ...]


def clean(rows: pd.DataFrame, instrument: str, on_duplicate: OnDuplicate) -> DailyTable:
    """Convert the rows of one instrument, as in ``ParsedRows.values``, to days.

    Raises:
        DataError: a day has two rows with different values and ``on_duplicate`` is ``error``, or the days have so
            many rows that these are not daily.
    """
    fields = [name for name in NUMBERS if name in rows and (name in ALWAYS or rows[name].notna().any())]
    doubted = count_cases("days with an unreadable number (left empty)", _unreadable(rows))
    negative = (rows[fields] < 0).any(axis=1)
    doubted += count_cases("days with a negative number (left empty)", rows["text"][negative])
    rows = rows.assign(**{name: rows[name].mask(rows[name] < 0) for name in fields})
    days, empty = _drop_empty(rows, fields)
    days, repeated, differing = _drop_repeated(days, fields, instrument, on_duplicate)
    values, faults = _fill(days.set_index("day")[fields].sort_index())
    values, too_large = _within_float32(_adjust(values))
    doubted += [*differing, *faults, *too_large, *_unusual(values, instrument)]
    return DailyTable(values, len(rows), (*empty, *repeated), tuple(doubted))


def _unreadable(rows: pd.DataFrame) -> list[str]:
    dated = rows[(rows["wrong"] != "") & rows["day"].notna()]
    return [f"{value} on {day}" for value, day in zip(dated["wrong"], dated["text"], strict=True)]


def _drop_empty(rows: pd.DataFrame, fields: Sequence[str]) -> tuple[pd.DataFrame, list[Issue]]:
    """Drop rows without a day or without a number; a halted day without volume gets a volume of 0."""
    halted = rows["halted"] & rows["volume"].isna()
    rows = rows.assign(volume=rows["volume"].mask(halted, 0.0))
    empty = rows[[name for name in fields if name != "factor"]].isna().all(axis=1)
    dateless, blank, wrong = rows["day"].isna(), rows["text"] == "", rows["wrong"] != ""
    dropped = [
        *count_cases("rows without a date", ["" for _ in rows["text"][blank & ~empty]]),
        *count_cases("rows with an unreadable date", map(repr, rows["text"][dateless & ~blank])),
        *count_cases("empty rows", rows["text"][empty & (blank | ~dateless) & ~wrong]),
        *count_cases("rows without a readable number", rows["text"][empty & (blank | ~dateless) & wrong]),
    ]
    return rows[~empty & ~dateless], dropped


def _drop_repeated(
    rows: pd.DataFrame, fields: Sequence[str], instrument: str, on_duplicate: OnDuplicate
) -> tuple[pd.DataFrame, list[Issue], list[Issue]]:
    """Keep the last row of each day; return the rows, what was dropped, and the days whose rows differ."""
    identical = rows.duplicated(["day", *fields], keep="last")
    dropped = count_cases("identical duplicates", rows["text"][identical])
    rows = rows[~identical]
    earlier = rows.duplicated("day", keep="last")
    repeated, count = rows["text"][earlier].drop_duplicates(), rows["day"].nunique()
    if earlier.sum() > MAX_EXTRA_ROWS and earlier.sum() > 2 * count:
        message = f"{instrument} has several rows a day (rows: {len(rows)}, days: {count})"
        raise DataError(message, "give daily rows, one a day")
    if len(repeated) and on_duplicate == "error":
        message = f"{instrument} has different rows on {len(repeated)} of its days, first on {repeated.iloc[0]}"
        raise DataError(message, "--on-duplicate last keeps the last row of each")
    dropped += count_cases("earlier rows of days with different rows", rows["text"][earlier])
    return rows[~earlier], dropped, count_cases("days with different rows (last one kept)", repeated)


def _fill(values: pd.DataFrame) -> tuple[pd.DataFrame, list[Issue]]:
    """Leave prices of 0 empty and fill the factor; return the values, and what cannot be on a day with trade."""
    traded = values["volume"] > 0
    prices = [name for name in PRICES if name in values]
    zero = (values[prices] == 0).any(axis=1)
    values = values.assign(**{name: values[name].mask(values[name] == 0) for name in prices})
    factor = values["factor"].mask(values["factor"] == 0)
    low, high = values.get("low", absent := values["close"] * np.nan), values.get("high", absent)
    ends = values[[name for name in ("open", "close") if name in values]]
    outside = (ends.max(axis=1) > high * (1 + PRICE_TOLERANCE)) | (ends.min(axis=1) < low * (1 - PRICE_TOLERANCE))
    faults = {
        "days with a price of 0 (left empty)": zero,
        "days with trade but without a close": traded & values["close"].isna(),
        "days without a volume": values["volume"].isna(),
        "days with trade but without a factor (the previous day's is used)": traded & factor.isna(),
        "days with high below low": high < low,
        "days with open or close outside low to high": outside & (high >= low),
    }
    values["factor"] = factor.ffill().bfill().fillna(1.0)
    return values, [issue for what, days in faults.items() for issue in count_cases(what, values.index[days])]


def _adjust(values: pd.DataFrame) -> pd.DataFrame:
    """Return the fields in qlib's convention, with ``change``."""
    prices = {name: values[name] * values["factor"] for name in PRICES if name in values}
    adjusted = values.assign(**prices, volume=values["volume"] / values["factor"])
    return adjusted.assign(change=close_change(adjusted["close"]))


def close_change(close: pd.Series) -> pd.Series:
    """Return the relative change of each close from the last close before it, over days without one."""
    change: pd.Series = close / close.ffill().shift() - 1
    return change


def _within_float32(values: pd.DataFrame) -> tuple[pd.DataFrame, list[Issue]]:
    too_large = values.abs() > np.finfo(np.float32).max
    days = values.index[too_large.any(axis=1)]
    return values.mask(too_large), count_cases("days with a number too large for qlib (left empty)", days)


def _unusual(values: pd.DataFrame, instrument: str) -> list[Issue]:
    traded = values["volume"][values["volume"] > 0]
    days = traded.index.to_numpy("datetime64[D]")
    gaps = [f"{gap.first} to {gap.last}" for gap in find_gaps(days)]
    outliers = [
        f"{day} {'×' if log_ratio > 0 else '÷'}{np.exp(abs(log_ratio)):.1f}"
        for day, log_ratio in find_outliers(days, traded.to_numpy())
    ]
    calendar = [issue for doubt in doubt_calendar(days, instrument) for issue in count_cases(doubt.what, doubt.days)]
    return [
        *calendar,
        *count_cases("gaps without trade", gaps),
        *count_cases("days with an unusual volume", outliers),
    ]
