"""The data of a study as plain arrays: what travels to a worker, once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.windows.scaling import is_constant
from volopt.windows.split import SPLITS, Dates, DateSplit, PublishedSplit, Split, SplitRule

Array = NDArray[np.float64]

FEWEST: Mapping[Split, int] = {"train": 500, "valid": 100}  # days that an instrument of a panel must have
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
    quantity: str  # the expression of the target
    rule: SplitRule
    scaling: str
    anchored: bool
    log: bool
    target_feature: int | None
    fingerprint: str
    left_out: Mapping[str, str] = field(default_factory=dict)  # instruments of a panel, with the reason

    @property
    def recipe(self) -> list[object]:
        """Return what is done to the source's bytes, JSON-able."""
        return [self.names, repr(self.rule), self.scaling, self.anchored, self.log, self.target_feature]

    def rows(self, split: Split, window: int, index: int) -> range:
        """Return the target rows of series ``index`` in a split."""
        return self.rule.targets(split, self.series[index].dates, self.rule.window_of(split, window), index)

    def teacher(self, window: int, index: int) -> int:
        """Return the series whose train days teach series ``index``: itself, or the first where it has none.

        Only the test file of the published protocol has none.
        """
        return index if self.rows("train", window, index) else 0

    def target(self, split: Split, window: int) -> Array:
        """Return the target on the days a split has to forecast, original units, all series one after another."""
        rows = [self.rows(split, window, index) for index in range(len(self.series))]
        return np.concatenate(
            [each.target[some.start : some.stop] for each, some in zip(self.series, rows, strict=True)]
        )

    def days(self, split: Split, window: int) -> int:
        """Return how many days a split has to forecast."""
        return sum(len(self.rows(split, window, index)) for index in range(len(self.series)))

    def days_without_log(self, split: Split, window: int) -> int:
        """Return how many of them have no logarithm, their target being 0 or less: log scores leave them out."""
        return int((self.target(split, window) <= 0).sum())

    def train_target(self, window: int) -> Array:
        """Return the target of the train days."""
        return self.target("train", window)


def prepare(frames: Sequence[Frame], definition: Definition, fingerprint: str) -> Dataset:
    """Return the dataset of a study; of a panel without the instruments that have too few days.

    Args:
        frames: with a column for every feature and for the target.
        definition: the study's.
        fingerprint: of the source the frames were read from.

    Raises:
        DataError: a split has too few rows, a column is constant in train or reaches too far, the target is constant in
            a split or has no logarithm.
    """
    dataset = assemble(frames, definition, _rule(definition), fingerprint)
    window = definition.max_window()
    if definition.data.instruments is not None:
        dataset = with_enough(dataset, window, FEWEST)
    else:
        for index in range(len(dataset.series)):
            check_series(dataset, index, window)
    _check_days(dataset, window)
    _check_targets(dataset, window)
    return dataset


def assemble(frames: Sequence[Frame], definition: Definition, rule: SplitRule, fingerprint: str) -> Dataset:
    """Return a dataset of which nothing has been checked."""
    data = definition.data
    return Dataset(
        series=tuple(_series(frame, definition) for frame in frames),
        names=data.features,
        quantity=data.target,
        rule=rule,
        scaling=data.scaling,
        anchored=data.anchor == "window_mean",
        log=data.transform == "log",
        target_feature=data.features.index(data.target) if data.target in data.features else None,
        fingerprint=fingerprint,
    )


def with_enough(dataset: Dataset, window: int, fewest: Mapping[Split, int]) -> Dataset:
    """Return the dataset of a panel with those series that can be trained on; ``left_out`` names the others.

    Args:
        dataset: of the whole panel.
        window: the largest of the study.
        fewest: days that a series must have in a split.

    Raises:
        DataError: no series is left.
    """
    left_out = dict(dataset.left_out)
    for index, series in enumerate(dataset.series):
        try:
            check_series(dataset, index, window)
            _check_enough(dataset, index, window, fewest)
        except DataError as error:
            left_out[series.name] = error.message
    kept = tuple(series for series in dataset.series if series.name not in left_out)
    if not kept:
        why = next(iter(left_out.values()))
        raise DataError(f"no instrument of the panel can be trained on: {why}", "choose other splits or instruments")
    names = json.dumps([dataset.fingerprint, *(series.name for series in kept)])
    return replace(dataset, series=kept, left_out=left_out, fingerprint=hashlib.sha256(names.encode()).hexdigest())


def _check_enough(dataset: Dataset, index: int, window: int, fewest: Mapping[Split, int]) -> None:
    for split, wanted in fewest.items():
        found = len(dataset.rows(split, window, index))
        if found < wanted:
            raise DataError(f"{dataset.series[index].name} has {found} {split} days, fewer than {wanted}")


def levels(dataset: Dataset, series: Series, rows: NDArray[np.int64], window: int) -> Array:
    """Return the mean transformed target over each window's days, or zeros without an anchor, shape (samples,)."""
    if not dataset.anchored:
        return np.zeros(rows.shape)
    means: Array = sliding_window_view(series.transformed, window).mean(axis=1)
    return means[rows - window]


def numbers(rows: Sequence[int]) -> NDArray[np.int64]:
    """Return row numbers as an array."""
    if isinstance(rows, range):  # which numpy would go through one by one
        return np.arange(rows.start, rows.stop, rows.step, dtype=np.int64)
    return np.asarray(rows, dtype=np.int64)


def above_level(dataset: Dataset, index: int, window: int) -> Array:
    """Return the transformed target of the train days of series ``index`` less the level of each one's window.

    Raises:
        DataError: it does not move.
    """
    series = dataset.series[index]
    rows = numbers(dataset.rule.targets("train", series.dates, window, index))
    target = series.transformed[rows]
    found: Array = target - levels(dataset, series, rows, window)
    if len(rows) and is_constant(found, size=float(np.abs(target).max())):
        raise DataError(
            f"the target of {series.name} less the mean of the {window} days before is constant ({found[0]:g}) over "
            "train and cannot be scaled",
            'write anchor = "none" in [data], or choose another target',
        )
    return found


def _rule(definition: Definition) -> SplitRule:
    data, published = definition.data, definition.published
    if published is not None:
        return PublishedSplit(
            published.train_fraction,
            published.drop_last_window,
            published.test_window,
            published.scale_each_file,
        )
    spans: dict[Split, tuple[date, date] | None] = {"train": data.train, "valid": data.valid, "test": data.test}
    return DateSplit({split: span for split, span in spans.items() if span}, definition.max_window())


def _series(frame: Frame, definition: Definition) -> Series:
    data = definition.data
    column = {name: frame.values[:, i] for i, name in enumerate(frame.columns)}
    target = column[data.target]
    with np.errstate(divide="ignore", invalid="ignore"):  # a target without a logarithm is refused by check_series
        transformed = np.log(target) if data.transform == "log" else target
    features = [transformed if name == data.target else column[name] for name in data.features]
    own = np.ascontiguousarray(target)  # a view would keep the whole frame in memory
    return Series(
        frame.name, frame.dates, np.column_stack(features), own, transformed if data.transform == "log" else own
    )


def check_series(dataset: Dataset, index: int, window: int) -> None:
    """Refuse a series that cannot be scaled.

    Raises:
        DataError: its target has no logarithm, a column is constant in train, or reaches too far from it.
    """
    series = dataset.series[index]
    if dataset.log:
        _check_logarithm(dataset.quantity, series)
    rows = numbers(dataset.rule.fitted_on(series.dates, window, index))
    columns = [*zip(dataset.names, series.features.T, strict=True), ("the target", series.transformed)]
    for name, values in columns:
        _check_column(f"{name} of {series.name}", values, values[rows], series.dates)
    if dataset.anchored:
        above_level(dataset, index, window)


def _check_logarithm(target: str, series: Series) -> None:
    without = series.target <= 0
    if without.any():
        told = f"{series.target[without][0]:g} on {series.dates[without][0]}: no logarithm"
        raise DataError(
            f"the target {target} of {series.name} is {told}",
            'write transform = "none" in [data], or choose a target that is always positive',
        )


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
