"""The data of a study as plain arrays: what travels to a worker, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.windows.scaling import is_constant
from volopt.windows.split import SPLITS, AsPublished, ByDate, Dates, Rule, Split

Array = NDArray[np.float64]

LARGEST = 1e30  # past any quantity, and far enough from the largest float32 to be computed with


@dataclass(frozen=True)
class Series:
    """One frame, transformed and not yet scaled."""

    name: str
    dates: Dates  # shape: (days,)
    features: Array  # shape: (days, features)
    target: Array  # shape: (days,), original units
    transformed: Array  # shape: (days,), the target after ``transform``


@dataclass(frozen=True)
class Dataset:
    """Every series of a study, with how to cut, anchor and scale them.

    ``target_feature`` is the column of ``features`` that is the target itself, or None.
    ``fingerprint`` names the source's bytes; with ``recipe`` it is the data's part in the name of a fit.
    """

    series: tuple[Series, ...]
    names: tuple[str, ...]  # of the features
    rule: Rule
    scaling: str
    anchored: bool
    log: bool
    target_feature: int | None
    fingerprint: str

    @property
    def recipe(self) -> list[object]:
        """Return what is done to the source's bytes, JSON-able."""
        return [self.names, repr(self.rule), self.scaling, self.anchored, self.log, self.target_feature]

    def target(self, split: Split, window: int) -> Array:
        """Return the target on the days a split has to forecast, original units, all series one after another."""
        length = self.rule.window_of(split, window)
        rows = [self.rule.targets(split, series.dates, length, i) for i, series in enumerate(self.series)]
        return np.concatenate([series.target[list(some)] for series, some in zip(self.series, rows, strict=True)])

    def days(self, split: Split, window: int) -> int:
        """Return how many days a split has to forecast."""
        return len(self.target(split, window))

    def days_without_log(self, split: Split, window: int) -> int:
        """Return how many of them have no logarithm, their target being 0 or less: log scores leave them out."""
        return int((self.target(split, window) <= 0).sum())

    def train_target(self, window: int) -> Array:
        """Return the target of the train days."""
        return self.target("train", window)


def prepare(frames: Sequence[Frame], definition: Definition, fingerprint: str) -> Dataset:
    """Return the dataset of a study.

    Args:
        frames: with a column for every feature and for the target.
        definition: the study's.
        fingerprint: of the source the frames were read from.

    Raises:
        DataError: a split has too few rows, a column is constant in train or reaches too far, the target is constant in
            a split or has no logarithm.
    """
    data = definition.data
    dataset = Dataset(
        series=tuple(_series(frame, definition) for frame in frames),
        names=data.features,
        rule=_rule(definition),
        scaling=data.scaling,
        anchored=data.anchor == "window_mean",
        log=data.transform == "log",
        target_feature=data.features.index(data.target) if data.target in data.features else None,
        fingerprint=fingerprint,
    )
    _check(dataset, definition.max_window())
    return dataset


def levels(dataset: Dataset, series: Series, rows: NDArray[np.int64], window: int) -> Array:
    """Return the mean transformed target over each window's days, or zeros without an anchor, shape (samples,)."""
    if not dataset.anchored:
        return np.zeros(rows.shape)
    means: Array = sliding_window_view(series.transformed, window).mean(axis=1)
    return means[rows - window]


def above_level(dataset: Dataset, index: int, window: int) -> Array:
    """Return the transformed target of the train days of series ``index`` less the level of each one's window.

    Raises:
        DataError: it does not move.
    """
    series = dataset.series[index]
    rows = np.asarray(dataset.rule.targets("train", series.dates, window, index), dtype=np.int64)
    target = series.transformed[rows]
    found: Array = target - levels(dataset, series, rows, window)
    if len(rows) and is_constant(found, size=float(np.abs(target).max())):
        raise DataError(
            f"the target of {series.name} less the mean of the {window} days before is constant ({found[0]:g}) over "
            "train and cannot be scaled",
            'write anchor = "none" in [data], or choose another target',
        )
    return found


def _rule(definition: Definition) -> Rule:
    data, published = definition.data, definition.published
    if published is not None:
        return AsPublished(
            published.train_fraction,
            published.drop_last_window,
            published.test_window,
            published.scale_each_file,
        )
    spans: dict[Split, tuple[date, date] | None] = {"train": data.train, "valid": data.valid, "test": data.test}
    return ByDate({split: span for split, span in spans.items() if span}, definition.max_window())


def _series(frame: Frame, definition: Definition) -> Series:
    data = definition.data
    column = {name: frame.values[:, i] for i, name in enumerate(frame.columns)}
    target = column[data.target]
    if data.transform == "log":
        if not (target > 0).all():
            day = frame.dates[target <= 0][0]
            raise DataError(
                f"the target {data.target} of {frame.name} is {target[target <= 0][0]:g} on {day}: no logarithm",
                'write transform = "none" in [data], or choose a target that is always positive',
            )
        transformed = np.log(target)
    else:
        transformed = target
    features = [transformed if name == data.target else column[name] for name in data.features]
    return Series(frame.name, frame.dates, np.column_stack(features), target, transformed)


def _check(dataset: Dataset, window: int) -> None:
    """Refuse data with which the largest window of the study cannot be trained and scored."""
    _check_days(dataset, window)
    for i, series in enumerate(dataset.series):
        rows = list(dataset.rule.fitted_on(series.dates, window, i))
        columns = [*zip(dataset.names, series.features.T, strict=True), ("the target", series.transformed)]
        for name, values in columns:
            _check_column(f"{name} of {series.name}", values, values[rows], series.dates)
        if dataset.anchored:
            above_level(dataset, i, window)
    _check_targets(dataset, window)


def _check_days(dataset: Dataset, window: int) -> None:
    for split in SPLITS:
        forecasts = dataset.days(split, window)
        if forecasts < 2:
            read = sum(len(s.dates) for s in dataset.series)
            raise DataError(
                f"the {split} split has {forecasts} days to forecast with a window of {window} days; "
                f"{read} trade days were read in all",
                "make the window or its range in [space] smaller, or the splits longer",
            )


def _check_column(name: str, values: Array, fitted: Array, dates: Dates) -> None:
    """Refuse a column that cannot be scaled by the rows it is fitted on; a series without any has another's scaling."""
    if len(fitted) and is_constant(fitted):
        raise DataError(
            f"{name} is constant ({fitted[0]:g}) over train and cannot be scaled",
            "leave it out of features in [data], or choose another train split",
        )
    farthest = int(np.argmax(np.abs(values)))
    if abs(values[farthest]) > LARGEST * min(1.0, float(np.ptp(fitted)) if len(fitted) else 1.0):
        raise DataError(
            f"{name} is {values[farthest]:g} on {dates[farthest]}, too large to be computed with beside train",
            "leave it out of features in [data], or mend the data",
        )


def _check_targets(dataset: Dataset, window: int) -> None:
    """Refuse a target that never moves on the days of a split: MASE, flatness and log R² divide by how it moves."""
    for split in SPLITS:
        target = dataset.target(split, window)
        if is_constant(target):
            raise DataError(
                f"the target is constant ({target[0]:g}) on the {len(target)} days of {split} with a window of "
                f"{window} days, and no forecast of it can be scored",
                f"choose another target or another {split} split in [data]",
            )
