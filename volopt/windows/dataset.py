"""The data of a study as plain arrays, which each worker gets once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.metrics import Array
from volopt.windows.scaling import is_constant
from volopt.windows.split import SPLITS, Dates, DateSplit, Period, PublishedSplit, Split, SplitRule

MIN_DAYS: Mapping[Split, int] = {"train": 500, "valid": 100}  # of an instrument of a panel
MAX_VALUE = 1e30  # larger than any quantity, and small enough for arithmetic in float32


@dataclass(frozen=True)
class Series:
    """Hold one frame, transformed and not yet scaled."""

    name: str
    dates: Dates  # shape: (days,)
    features: Array  # shape: (days, features)
    target: Array  # shape: (days,), original units
    transformed: Array  # shape: (days,), the target after ``transform``


@dataclass(frozen=True)
class Dataset:
    """Hold all series of a study, and how to split, anchor and scale them.

    A study with several valid periods has one rule for each; ``periods`` returns the dataset of each rule. The dataset
    itself splits by the rule of the last period, whose networks forecast the test split.

    ``target_feature`` is the column of ``features`` that equals the target, or None. ``fingerprint`` identifies the
    bytes of the source. Together with ``recipe`` it is the data's part of the key of a fit.
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
    earlier_rules: tuple[SplitRule, ...] = ()  # of the valid periods before the last

    @property
    def periods(self) -> tuple["Dataset", ...]:
        """Return a dataset with a single valid period for each one, in order of time; they share their series."""
        rules = (*self.earlier_rules, self.rule)
        return tuple(replace(self, rule=rule, earlier_rules=()) for rule in rules)

    @property
    def recipe(self) -> list[object]:
        """Return how the source's bytes become samples, JSON-able; a part of the keys of stored fits."""
        return [self.names, self.rule.recipe, self.scaling, self.anchored, self.log, self.target_feature]

    def rows(self, split: Split, window: int, index: int) -> range:
        """Return the target rows of series ``index`` in a split."""
        return self.rule.targets(split, self.series[index].dates, self.rule.window_of(split, window), index)

    def teacher(self, window: int, index: int) -> int:
        """Return the series from whose train days series ``index`` is forecast: itself, or the first one.

        Only the test file of the published protocol has no train days.
        """
        return index if self.rows("train", window, index) else 0

    def target(self, split: Split, window: int) -> Array:
        """Return the target on the forecast days of a split, original units, one series after another."""
        parts = [(series.target, self.rows(split, window, index)) for index, series in enumerate(self.series)]
        return np.concatenate([target[rows.start : rows.stop] for target, rows in parts])

    def days(self, split: Split, window: int) -> int:
        """Return the number of forecast days of a split."""
        return sum(len(self.rows(split, window, index)) for index in range(len(self.series)))

    def days_without_log(self, split: Split, window: int) -> int:
        """Return the number of forecast days whose target is 0 or less; log scores leave them out."""
        return int((self.target(split, window) <= 0).sum())


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
    *earlier, last = _rules(definition)
    dataset = replace(assemble(frames, definition, last, fingerprint), earlier_rules=tuple(earlier))
    window = definition.max_window()
    if definition.data.instruments is not None:
        dataset = without_short_series(dataset, window, MIN_DAYS)
    for period, of in _named_periods(dataset):
        if definition.data.instruments is None:
            for index in range(len(period.series)):
                check_series(period, index, window)
        _check_splits(period, of, window)
    return dataset


def assemble(frames: Sequence[Frame], definition: Definition, rule: SplitRule, fingerprint: str) -> Dataset:
    """Return a dataset without any checks."""
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


def levels(dataset: Dataset, series: Series, rows: NDArray[np.int64], window: int) -> Array:
    """Return the mean transformed target over each window's days, or zeros without an anchor, shape (samples,)."""
    if not dataset.anchored:
        return np.zeros(rows.shape)
    means: Array = sliding_window_view(series.transformed, window).mean(axis=1)
    return means[rows - window]


def numbers(rows: range) -> NDArray[np.int64]:
    """Return row numbers as an array; numpy would read a range one by one."""
    return np.arange(rows.start, rows.stop, dtype=np.int64)


def above_level(dataset: Dataset, index: int, window: int) -> Array:
    """Return the transformed target of the train days of series ``index`` minus the level of each window.

    Raises:
        DataError: it is constant.
    """
    series = dataset.series[index]
    rows = numbers(dataset.rows("train", window, index))
    target = series.transformed[rows]
    deviation: Array = target - levels(dataset, series, rows, window)
    if len(rows) and is_constant(deviation, size=float(np.abs(target).max())):
        raise DataError(
            f"the target of {series.name} minus the mean of the {window} days before is constant ({deviation[0]:g}) "
            "over train and cannot be scaled",
            'write anchor = "none" in [data], or choose another target',
        )
    return deviation


def _rules(definition: Definition) -> list[SplitRule]:
    """Return the rule of each valid period. Later periods are forecast from all days between the first one and them."""
    if (rule := definition.published) is not None:
        return [PublishedSplit(rule.train_fraction, rule.drop_last_window, rule.test_window, rule.scale_each_file)]
    data = definition.data
    assert data.train is not None
    assert data.valid is not None
    assert data.test is not None
    trains = [data.train, *((data.train[0], Period(*span).train_end) for span in data.valid[1:])]
    return [
        DateSplit({"train": train, "valid": valid, "test": data.test}, definition.max_window())
        for train, valid in zip(trains, data.valid, strict=True)
    ]


def _series(frame: Frame, definition: Definition) -> Series:
    data = definition.data
    column = {name: frame.values[:, i] for i, name in enumerate(frame.columns)}
    target = np.ascontiguousarray(column[data.target])  # a view would keep the whole frame in memory
    with np.errstate(divide="ignore", invalid="ignore"):  # check_series refuses a target without a logarithm
        transformed = np.log(column[data.target]) if data.transform == "log" else target
    features = [transformed if name == data.target else column[name] for name in data.features]
    return Series(frame.name, frame.dates, np.column_stack(features), target, transformed)


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
