"""Merge new days of instruments into a provider: new values replace old ones, everything else stays.

Files that volopt does not know, such as other lists of instruments, are copied. The series of other instruments keep
their bytes unless the calendar has new days between theirs; on such days they get NaN.
"""

import shutil
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from volopt.data.bins import SUFFIX, folder, read_bin, write_lists, write_series
from volopt.data.files import is_directory, list_names, path_inside
from volopt.data.importing.clean import close_change
from volopt.data.importing.issues import Issue, count_cases
from volopt.data.provider import MAX_LIST_BYTES, Provider
from volopt.errors import DataError

VALUE_TOLERANCE = 1e-6  # relative: values were stored as float32
FACTOR_TOLERANCE = 1e-3  # relative: vendors round adjusted prices
MAX_FACTOR_STEP = 1.25  # ratio of the factors of two neighbouring days that dividends explain


class MergedDays(NamedTuple):
    """Hold one instrument's days, old and new."""

    values: pd.DataFrame
    added: int
    known: int  # days of the file that the provider had before
    doubted: tuple[Issue, ...]


def merge_days(old: pd.DataFrame, new: pd.DataFrame) -> MergedDays:
    """Merge old and new days; a day in both gets the new values, and the old ones of fields that the new lack."""
    known = new.index.intersection(old.index)
    fields = [name for name in new.columns if name in old.columns and name != "change"]
    old_values, new_values = (days.loc[known, fields].to_numpy(np.float32) for days in (old, new))
    differing = ~np.isclose(old_values, new_values, rtol=VALUE_TOLERANCE, atol=0.0, equal_nan=True).all(axis=1)
    new_rows = new.join(old[[name for name in old.columns if name not in new.columns]])
    old_rows = old.drop(index=known)
    values = pd.concat([old_rows, new_rows]).sort_index() if len(old_rows) else new_rows
    is_new = values.index.isin(new.index)
    recompute = is_new | np.r_[False, is_new[:-1]] | values["change"].isna()
    values["change"] = close_change(values["close"]).where(recompute, values["change"])
    doubted = count_cases("known days with different values (new ones used)", known[differing])
    return MergedDays(values, len(new) - len(known), len(known), (*doubted, *_check_factor(old, new, values, is_new)))


def _check_factor(old: pd.DataFrame, new: pd.DataFrame, values: pd.DataFrame, is_new: np.ndarray) -> list[Issue]:
    """Return signs that old and new prices are adjusted to different days; some vendors adjust to the last one."""
    if "factor" not in old or len(new.index.union(old.index)) == len(new):
        return []
    known = new.index.intersection(old.index)
    changed = np.abs(new.loc[known, "factor"] / old.loc[known, "factor"] - 1) > FACTOR_TOLERANCE
    factor = values["factor"].ffill().to_numpy(np.float64)
    steps = np.abs(np.log(factor[1:] / factor[:-1])) > np.log(MAX_FACTOR_STEP)
    joints = values.index[1:][steps & (is_new[1:] != is_new[:-1])]
    advice = "days outside the file keep theirs, so better import the whole history"
    return [
        *count_cases(f"known days with another factor ({advice})", known[changed]),
        *count_cases("jumps of the factor between old and new days (are both adjusted to the same day?)", joints),
    ]


def read_days(provider: Provider, instrument: str) -> pd.DataFrame:
    """Return the days of an instrument on which any field has a value, one column a field.

    Raises:
        DataError: a series is broken.
    """
    columns = {field.removeprefix("$"): provider.column(instrument, field) for field in provider.fields(instrument)}
    days = pd.DatetimeIndex(provider.calendar.astype("datetime64[s]"), name="day")
    return pd.DataFrame(columns, index=days).dropna(how="all")


def write_merged(building: Path, old: Provider | None, instruments: Mapping[str, pd.DataFrame]) -> pd.DatetimeIndex:
    """Write a provider directory with all days of these instruments, and everything else of the old provider.

    Returns:
        its calendar.

    Raises:
        DataError: an old series is broken or leads out of its directory, or there are too many instruments.
    """
    days = [values.index.to_numpy("datetime64[s]") for values in instruments.values()]
    days += [old.calendar.astype("datetime64[s]")] if old else []
    calendar = pd.DatetimeIndex(np.unique(np.concatenate(days)), name="day")
    spans: dict[str, Sequence[tuple[date, date]]] = dict(old.instruments) if old else {}
    if old is not None:
        shutil.copytree(old.directory, building, symlinks=True)
        if not np.array_equal(calendar.to_numpy("datetime64[D]")[: len(old.calendar)], old.calendar):
            _shift_all(building, old.calendar, calendar)
    for name, values in instruments.items():
        write_series(path_inside(building, "features", folder(name)), calendar, values)
        spans[name] = _extend_spans(spans.get(name, ()), pd.DatetimeIndex(values.index))
    write_lists(building, calendar, spans)
    if (building / "instruments" / "all.txt").stat().st_size > MAX_LIST_BYTES:
        raise DataError(f"{len(spans)} instruments are more than a directory can list", "import fewer of them")
    return calendar


def _extend_spans(old: Sequence[tuple[date, date]], days: pd.DatetimeIndex) -> list[tuple[date, date]]:
    """Return the spans that an instrument is listed: from its first to its last day, with the old breaks between."""
    first, last = days[0].date(), days[-1].date()
    spans = sorted(old) or [(first, last)]
    spans[0] = (min(spans[0][0], first), spans[0][1])
    spans[-1] = (spans[-1][0], max(spans[-1][1], last))
    return spans


def _shift_all(building: Path, old: np.ndarray, calendar: pd.DatetimeIndex) -> None:
    """Rewrite all series so that their days have the rows of the new calendar."""
    rows = calendar.searchsorted(old.astype("datetime64[s]"))
    for name in list_names(path_inside(building, "features")):
        instrument = path_inside(building, "features", name)
        for file in list_names(instrument) if is_directory(instrument) else []:
            if file.endswith(SUFFIX):
                path = path_inside(instrument, file)
                path.write_bytes(_shift(*read_bin(path, len(old)), rows))


def _shift(start: int, values: np.ndarray, rows: np.ndarray) -> bytes:
    """Return the bytes of a series whose old calendar rows have become ``rows``."""
    if not len(values):
        return np.array([rows[start]], "<f4").tobytes()
    new = rows[start : start + len(values)]
    series = np.full(new[-1] - new[0] + 2, np.nan, "<f4")
    series[0] = new[0]
    series[1 + new - new[0]] = values
    return series.tobytes()
