"""Make the dataset of a study, and refuse data that cannot be learned from or scored."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.metrics import Array
from volopt.windows.dataset import Dataset, above_level, assemble, numbers, split_rules
from volopt.windows.scaling import is_constant
from volopt.windows.split import SPLITS, Dates, Split
from volopt.windows.static import check_static

MIN_DAYS: Mapping[Split, int] = {"train": 500, "valid": 100}  # of an instrument of a panel
MAX_VALUE = 1e30  # larger than any quantity, and small enough for arithmetic in float32


def prepare(frames: Sequence[Frame], definition: Definition, fingerprint: str) -> Dataset:
    """Return the dataset of a study. A panel's dataset leaves out the instruments with too few days.

    Args:
        frames: with a column for every feature and for the target.
        definition: the study's.
        fingerprint: of the source the frames were read from.

    Raises:
        DataError: a split has too few rows, a column is constant in train or too large, or the target is constant in a
            split or has no logarithm.
    """
    *earlier, last = split_rules(definition)
    dataset = replace(assemble(frames, definition, last, fingerprint), earlier_rules=tuple(earlier))
    window = definition.max_window()
    if definition.data.instruments is not None:
        dataset = without_short_series(dataset, window, MIN_DAYS)
    for period, of in _named_periods(dataset):
        if definition.data.instruments is None:
            for index in range(len(period.series)):
                check_series(period, index, window)
        _check_splits(period, of, window)
        check_static(period, window)
    return dataset


def without_short_series(dataset: Dataset, window: int, min_days: Mapping[Split, int]) -> Dataset:
    """Return the dataset of a panel with the series that can be trained on in each valid period.

    ``left_out`` names the others.

    Args:
        dataset: of the whole panel.
        window: the largest of the study.
        min_days: that a series must have in each split.

    Raises:
        DataError: no series is left.
    """
    left_out = dict(dataset.left_out)
    for period, of in _named_periods(dataset):
        for index, series in enumerate(period.series):
            try:
                check_series(period, index, window)
                for split, minimum in min_days.items():
                    if (days := len(period.rows(split, window, index))) < minimum:
                        raise DataError(f"{series.name} has {days} {split} days{of}, fewer than {minimum}")
            except DataError as error:
                left_out.setdefault(series.name, error.message)
    remaining = tuple(series for series in dataset.series if series.name not in left_out)
    if not remaining:
        reason = next(iter(left_out.values()))
        raise DataError(f"no instrument of the panel can be trained on: {reason}", "choose other splits or instruments")
    names = json.dumps([dataset.fingerprint, *(series.name for series in remaining)])
    return replace(dataset, series=remaining, left_out=left_out, fingerprint=hashlib.sha256(names.encode()).hexdigest())


def check_series(dataset: Dataset, index: int, window: int) -> None:
    """Refuse a series that cannot be scaled.

    Raises:
        DataError: its target has no logarithm, or a column is constant in train or too large.
    """
    series = dataset.series[index]
    if dataset.log and (without := series.target <= 0).any():
        day = f"{series.target[without][0]:g} on {series.dates[without][0]}"
        raise DataError(
            f"the target {dataset.quantity} of {series.name} is {day} and has no logarithm",
            'write transform = "none" in [data], or choose a target that is always positive',
        )
    rows = numbers(dataset.rule.fitted_on(series.dates, window, index))
    columns = [*zip(dataset.names, series.features.T, strict=True), ("the target", series.transformed)]
    for name, values in columns:
        _check_column(f"{name} of {series.name}", values, values[rows], series.dates)
    if dataset.anchored:
        above_level(dataset, index, window)


def _check_column(name: str, values: Array, fitted: Array, dates: Dates) -> None:
    """Refuse a column that the fitted rows cannot scale; a series without such rows uses another's scaling."""
    if len(fitted) and is_constant(fitted):
        raise DataError(
            f"{name} is constant ({fitted[0]:g}) over train and cannot be scaled",
            "remove it from features in [data], or choose another train split",
        )
    farthest = int(np.argmax(np.abs(values)))
    if abs(values[farthest]) > MAX_VALUE * min(1.0, float(np.ptp(fitted)) if len(fitted) else 1.0):
        raise DataError(
            f"{name} is {values[farthest]:g} on {dates[farthest]}, too large beside the values of train",
            "remove it from features in [data], or correct the data",
        )


def _named_periods(dataset: Dataset) -> list[tuple[Dataset, str]]:
    """Return the dataset of each valid period, with words that name the period where there are several."""
    periods = dataset.periods
    return [(each, f" of period {number}" * (len(periods) > 1)) for number, each in enumerate(periods, start=1)]


def _check_splits(dataset: Dataset, of: str, window: int) -> None:
    """Refuse a split with few days or a constant target, because MASE, flatness and log R² divide by its changes."""
    targets = {split: dataset.target(split, window) for split in SPLITS}
    for split, target in targets.items():
        if len(target) < 2:
            total = sum(len(series.dates) for series in dataset.series)
            raise DataError(
                f"the {split} split{of} has {len(target)} days to forecast with a window of {window} days; "
                f"volopt read {total} trade days in total",
                "reduce the window or its range in [space], or make the splits longer",
            )
    for split, target in targets.items():
        if is_constant(target):
            raise DataError(
                f"the target is constant ({target[0]:g}) on the {len(target)} days of {split}{of} with a window of "
                f"{window} days, so that no forecast can be scored",
                f"choose another target or another {split} split in [data]",
            )
