"""The rows of one instrument as its days: one row a day, in qlib's convention, what is dropped and doubted said.

qlib has prices times the factor and volume divided by it, so that shares traded are ``$volume * $factor``. A day
without trade stays, with a volume of 0 and the prices that the file gives it, if any.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from volopt.data.check import ROUNDING
from volopt.data.importing.columns import PRICES
from volopt.data.importing.issues import Issue, found
from volopt.data.importing.rows import NUMBERS
from volopt.data.quality import Outlier, find_gaps, find_outliers
from volopt.errors import DataError

OnDuplicate = Literal["last", "error"]
ALWAYS = ("close", "volume", "factor")  # fields that every instrument has
FEW = 20  # rows that may stand on one day


class DailyTable(NamedTuple):
    """One instrument's days; ``values`` has a column a field, by ascending day. Rows read are days and dropped rows."""

    values: pd.DataFrame
    rows: int
    dropped: tuple[Issue, ...]
    doubted: tuple[Issue, ...]


def clean(rows: pd.DataFrame, instrument: str, on_duplicate: OnDuplicate) -> DailyTable:
    """Make days of the rows of ``rows.Rows`` that are one instrument's.

    Raises:
        DataError: a day stands there twice with differing values and ``on_duplicate`` is ``error``, or the days
            have so many rows that they are no daily ones.
    """
    given = [name for name in NUMBERS if name in rows and (name in ALWAYS or rows[name].notna().any())]
    doubted = found("days with a number that cannot be read, left empty", _at(rows))
    negative = (rows[given] < 0).any(axis=1)
    doubted += found("days with a negative number, left empty", rows["text"][negative])
    rows = rows.assign(**{name: rows[name].mask(rows[name] < 0) for name in given})
    kept, dropped = _without_empty(rows, given)
    kept, repeated, differing = _one_a_day(kept, given, instrument, on_duplicate)
    values, faults = _plausible(kept.set_index("day")[given].sort_index())
    values, beyond = _within_float32(_adjusted(values))
    doubted += [*differing, *faults, *beyond, *_unusual(values)]
    return DailyTable(values, len(rows), (*dropped, *repeated), tuple(doubted))


def _at(rows: pd.DataFrame) -> list[str]:
    there = (rows["wrong"] != "") & rows["day"].notna()
    return [f"{text} on {day}" for day, text in zip(rows["text"][there], rows["wrong"][there], strict=True)]


def _without_empty(rows: pd.DataFrame, given: Sequence[str]) -> tuple[pd.DataFrame, list[Issue]]:
    """Leave out rows that have no day or no number; a halted day without volume has a volume of 0."""
    halted = rows["halted"] & rows["volume"].isna()
    rows = rows.assign(volume=rows["volume"].mask(halted, 0.0))
    empty = rows[[name for name in given if name != "factor"]].isna().all(axis=1)
    dateless, blank, wrong = rows["day"].isna(), rows["text"] == "", rows["wrong"] != ""
    dropped = [
        *found("rows without a date", ["" for _ in rows["text"][blank & ~empty]]),
        *found("rows whose date cannot be read", map(repr, rows["text"][dateless & ~blank])),
        *found("empty rows", rows["text"][empty & (blank | ~dateless) & ~wrong]),
        *found("rows without a number that can be read", rows["text"][empty & (blank | ~dateless) & wrong]),
    ]
    return rows[~empty & ~dateless], dropped


def _one_a_day(
    rows: pd.DataFrame, given: Sequence[str], instrument: str, on_duplicate: OnDuplicate
) -> tuple[pd.DataFrame, list[Issue], list[Issue]]:
    """Keep one row a day: what was dropped, and the days whose rows differ."""
    same = rows.duplicated(["day", *given], keep="last")
    dropped = found("identical duplicates", rows["text"][same])
    rows = rows[~same]
    earlier = rows.duplicated("day", keep="last")
    days, count = rows["text"][earlier].drop_duplicates(), rows["day"].nunique()
    if earlier.sum() > FEW and earlier.sum() > 2 * count:
        hint = "give daily rows, one a day"
        raise DataError(f"{instrument} has several rows a day: {len(rows)}, of days {count}", hint)
    if len(days) and on_duplicate == "error":
        message = f"{instrument} has days twice with differing values: {len(days)}, the first {days.iloc[0]}"
        raise DataError(message, "--on-duplicate last keeps the last row of each")
    dropped += found("earlier rows of days with differing values", rows["text"][earlier])
    return rows[~earlier], dropped, found("days twice with differing values, the last kept", days)


def _plausible(values: pd.DataFrame) -> tuple[pd.DataFrame, list[Issue]]:
    """Leave prices of 0 empty and fill the factor, and say what cannot be on a day with trade."""
    traded = values["volume"] > 0
    prices = [name for name in PRICES if name in values]
    zero = (values[prices] == 0).any(axis=1)
    values = values.assign(**{name: values[name].mask(values[name] == 0) for name in prices})
    factor = values["factor"].mask(values["factor"] == 0)
    low, high = values.get("low", absent := values["close"] * np.nan), values.get("high", absent)
    ends = values[[name for name in ("open", "close") if name in values]]
    outside = (ends.max(axis=1) > high * (1 + ROUNDING)) | (ends.min(axis=1) < low * (1 - ROUNDING))
    faults = {
        "days with a price of 0, left empty": zero,
        "days with trade but without a close": traded & values["close"].isna(),
        "days without a volume": values["volume"].isna(),
        "days with trade but without a factor, that of the day before taken": traded & factor.isna(),
        "days with high below low": high < low,
        "days with open or close outside low to high": outside & (high >= low),
    }
    values["factor"] = factor.ffill().bfill().fillna(1.0)
    return values, [each for what, days in faults.items() for each in found(what, _texts(values.index[days]))]


def _adjusted(values: pd.DataFrame) -> pd.DataFrame:
    """The fields as qlib has them; ``change`` is from close to close, over days without one."""
    prices = {name: values[name] * values["factor"] for name in PRICES if name in values}
    adjusted = values.assign(**prices, volume=values["volume"] / values["factor"])
    return adjusted.assign(change=change(adjusted["close"]))


def change(close: pd.Series) -> pd.Series:
    """The share by which each close differs from the last one before it."""
    last: pd.Series = close / close.ffill().shift() - 1
    return last


def _within_float32(values: pd.DataFrame) -> tuple[pd.DataFrame, list[Issue]]:
    beyond = values.abs() > np.finfo(np.float32).max
    days = values.index[beyond.any(axis=1)]
    return values.mask(beyond), found("days with a number too large for qlib, left empty", _texts(days))


def _unusual(values: pd.DataFrame) -> list[Issue]:
    traded = values["volume"][values["volume"] > 0]
    days = traded.index.to_numpy("datetime64[D]")
    gaps = [f"{gap.first} to {gap.last}" for gap in find_gaps(days)]
    outliers = map(_times, find_outliers(days, traded.to_numpy()))
    return [*found("gaps without trade", gaps), *found("days of volume unlike that of the days around", outliers)]


def _times(outlier: Outlier) -> str:
    return f"{outlier.day} {'×' if outlier.log_ratio > 0 else '÷'}{np.exp(abs(outlier.log_ratio)):.1f}"


def _texts(days: pd.Index) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in days]
