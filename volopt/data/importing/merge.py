"""New days of instruments among those that a provider has: new values win, everything else stays as it is.

Files that volopt does not know, such as other lists of instruments, are copied. The series of other instruments
are the same bytes unless the calendar has got days between theirs; then they say NaN there.
"""

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from volopt.data.bins import SUFFIX, folder, read_bin, write_lists, write_series
from volopt.data.files import inside, is_directory, names
from volopt.data.importing.clean import change
from volopt.data.importing.issues import Issue, found
from volopt.data.provider import MAX_LIST_BYTES, Provider
from volopt.errors import DataError

SAME = 1e-6  # relative: values went through float32
SAME_FACTOR = 1e-3  # relative: vendors round adjusted prices
JUMP = 1.25  # of the factor between neighbouring days, beyond what dividends explain


class MergedDays(NamedTuple):
    """One instrument's days, old and new."""

    values: pd.DataFrame
    added: int
    known: int
    doubted: tuple[Issue, ...]


def extend(old: pd.DataFrame, new: pd.DataFrame) -> MergedDays:
    """Put new days among old ones: a day in both is the new one, but for fields that only the old one has."""
    known = new.index.intersection(old.index)
    differing = known[_differ(old.loc[known], new.loc[known])]
    others = old[[name for name in old.columns if name not in new.columns]]
    kept = old.drop(index=known)
    values = pd.concat([kept, new.join(others)]).sort_index() if len(kept) else new.join(others)
    is_new = values.index.isin(new.index)
    fresh = is_new | np.r_[False, is_new[:-1]]
    computed = change(values["close"])
    values["change"] = computed.where(fresh | values["change"].isna(), values["change"])
    doubted = found("known days with differing values, the new ones taken", _texts(differing))
    return MergedDays(values, len(new) - len(known), len(known), (*doubted, *_bases(old, new, values, is_new)))


def _differ(old: pd.DataFrame, new: pd.DataFrame) -> np.ndarray:
    fields = [name for name in new.columns if name in old.columns and name != "change"]
    left, right = old[fields].to_numpy(np.float32), new[fields].to_numpy(np.float32)
    same: np.ndarray = np.isclose(left, right, rtol=SAME, atol=0.0, equal_nan=True).all(axis=1)
    return ~same


def _bases(old: pd.DataFrame, new: pd.DataFrame, values: pd.DataFrame, is_new: np.ndarray) -> list[Issue]:
    """Whether old and new days can be adjusted to different days: a vendor may count back from the last one."""
    if "factor" not in old or len(new.index.union(old.index)) == len(new):
        return []
    known = new.index.intersection(old.index)
    moved = np.abs(new.loc[known, "factor"] / old.loc[known, "factor"] - 1) > SAME_FACTOR
    hint = "where the days outside the file keep theirs (better import the whole history)"
    factor = values["factor"].ffill().to_numpy(np.float64)
    steps = np.abs(np.log(factor[1:] / factor[:-1])) > np.log(JUMP)
    joints = values.index[1:][steps & (is_new[1:] != is_new[:-1])]
    return [
        *found(f"known days with another factor, {hint}", _texts(known[moved])),
        *found("jumps of the factor between old and new days (are both adjusted to the same day?)", _texts(joints)),
    ]


def old_days(provider: Provider, instrument: str) -> pd.DataFrame:
    """The days of an instrument that any field has a value of, a column a field.

    Raises:
        DataError: a series is broken.
    """
    columns = {}
    for field in provider.fields(instrument):
        start, values = provider.series(instrument, field)
        whole = np.full(len(provider.calendar), np.nan)
        whole[start : start + len(values)] = values
        columns[field.removeprefix("$")] = whole
    days = pd.DatetimeIndex(provider.calendar.astype("datetime64[s]"), name="day")
    return pd.DataFrame(columns, index=days).dropna(how="all")


def write(building: Path, old: Provider | None, instruments: Mapping[str, pd.DataFrame]) -> pd.DatetimeIndex:
    """Write a provider directory: the instruments given, whole, and everything else that ``old`` has.

    Returns:
        its calendar.

    Raises:
        DataError: a series of the old one is broken or leads out of it, or there are too many instruments.
    """
    calendar = _calendar(old, instruments)
    spans: dict[str, Sequence[tuple[date, date]]] = dict(old.instruments) if old else {}
    if old is not None:
        shutil.copytree(old.directory, building, symlinks=True)
        if not np.array_equal(calendar.to_numpy("datetime64[D]")[: len(old.calendar)], old.calendar):
            _move(building, old.calendar, calendar)
    for name, values in instruments.items():
        write_series(inside(building, "features", folder(name)), calendar, values)
        spans[name] = _spans(spans.get(name, ()), pd.DatetimeIndex(values.index))
    write_lists(building, calendar, spans)
    if (building / "instruments" / "all.txt").stat().st_size > MAX_LIST_BYTES:
        raise DataError(f"{len(spans)} instruments are more than a directory can list", "import fewer of them")
    return calendar


def _calendar(old: Provider | None, instruments: Mapping[str, pd.DataFrame]) -> pd.DatetimeIndex:
    days = [values.index.to_numpy("datetime64[s]") for values in instruments.values()]
    if old is not None:
        days.append(old.calendar.astype("datetime64[s]"))
    return pd.DatetimeIndex(np.unique(np.concatenate(days)), name="day")


def _spans(old: Sequence[tuple[date, date]], days: pd.DatetimeIndex) -> list[tuple[date, date]]:
    """The days an instrument is listed: from its first to its last, and between old spans as it was."""
    first, last = days[0].date(), days[-1].date()
    spans = sorted(old) or [(first, last)]
    spans[0] = (min(spans[0][0], first), spans[0][1])
    spans[-1] = (spans[-1][0], max(spans[-1][1], last))
    return spans


def _move(building: Path, old: np.ndarray, calendar: pd.DatetimeIndex) -> None:
    """Let all series follow their days to where the new calendar has them."""
    rows = calendar.searchsorted(old.astype("datetime64[s]"))
    for name in names(inside(building, "features")):
        place = inside(building, "features", name)
        for file in names(place) if is_directory(place) else []:
            if file.endswith(SUFFIX):
                path = inside(place, file)
                path.write_bytes(_moved(*read_bin(path, len(old)), rows))


def _moved(start: int, values: np.ndarray, rows: np.ndarray) -> bytes:
    if not len(values):
        return np.array([rows[start]], "<f4").tobytes()
    to = rows[start : start + len(values)]
    whole = np.full(to[-1] - to[0] + 2, np.nan, "<f4")
    whole[0] = to[0]
    whole[1 + to - to[0]] = values
    return whole.tobytes()


def _texts(days: pd.Index) -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in days]
