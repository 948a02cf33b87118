"""The data of a study as plain arrays, which each worker gets once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.metrics import Array
from volopt.windows.scaling import is_constant
from volopt.windows.split import Dates, DateSplit, Period, PublishedSplit, Split, SplitRule


@dataclass(frozen=True)
class Series:
    """Hold one frame, transformed and not yet scaled."""

    name: str
    dates: Dates  # shape: (days,)
    features: Array  # shape: (days, features)
    target: Array  # shape: (days,), original units
    transformed: Array  # shape: (days,), the target after ``transform``
    first_row: int = 0  # of its days in ``Dataset.static``


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
    static_names: tuple[str, ...] = ()  # of the static inputs
    static_anchored: tuple[bool, ...] = ()  # which of them are of the target's kind
    static: NDArray[np.float32] | None = None  # shape: (days of all series, static inputs), as read

    @property
    def periods(self) -> tuple["Dataset", ...]:
        """Return a dataset with a single valid period for each one, in order of time; they share their series."""
        rules = (*self.earlier_rules, self.rule)
        return tuple(replace(self, rule=rule, earlier_rules=()) for rule in rules)

    @property
    def recipe(self) -> list[object]:
        """Return how the source's bytes become samples, JSON-able; a part of the keys of stored fits."""
        recipe: list[object] = [
            self.names,
            self.rule.recipe,
            self.scaling,
            self.anchored,
            self.log,
            self.target_feature,
        ]
        return [*recipe, self.static_names] if self.static_names else recipe

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


def assemble(frames: Sequence[Frame], definition: Definition, rule: SplitRule, fingerprint: str) -> Dataset:
    """Return a dataset without any checks."""
    data = definition.data
    static, first_rows = _joined([frame.static for frame in frames if data.static and frame.static is not None])
    return Dataset(
        series=tuple(
            _series(frame, definition, row) for frame, row in zip(frames, first_rows or repeat(0), strict=False)
        ),
        names=data.features,
        quantity=data.target,
        rule=rule,
        scaling=data.scaling,
        anchored=data.anchor == "window_mean",
        log=data.transform == "log",
        target_feature=data.features.index(data.target) if data.target in data.features else None,
        fingerprint=fingerprint,
        static_names=data.static,
        static_anchored=tuple(each.is_anchored for each in data.static_inputs),
        static=static,
    )


def _joined(parts: Sequence[NDArray[np.float32]]) -> tuple[NDArray[np.float32] | None, Sequence[int]]:
    """Return the parts as rows of one array, or None without any, and the first row of each in it.

    Where they are parts of one array already, as the static inputs of a panel are, this is that array: a second one
    would take more memory than all else.
    """
    if not parts:
        return None, []
    whole = parts[0].base
    if isinstance(whole, np.ndarray) and all(_are_rows(part, whole) for part in parts):
        first_rows = [(_address(part) - _address(whole)) // whole.strides[0] for part in parts]
        return whole[: first_rows[-1] + len(parts[-1])], first_rows
    return np.concatenate(parts), np.cumsum([0, *map(len, parts[:-1])]).tolist()


def _are_rows(part: NDArray[Any], whole: NDArray[Any]) -> bool:
    """Return whether an array consists of consecutive rows of another one."""
    same_columns = part.shape[1:] == whole.shape[1:] and part.strides == whole.strides and part.dtype == whole.dtype
    return part.base is whole and same_columns


def _address(array: NDArray[Any]) -> int:
    return int(array.__array_interface__["data"][0])


def levels(dataset: Dataset, series: Series, rows: NDArray[np.int64], window: int) -> Array:
    """Return the mean transformed target over each window's days, or zeros without an anchor, shape (samples,)."""
    if not dataset.anchored:
        return np.zeros(rows.shape)
    assert not len(rows) or rows[0] >= window
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


def split_rules(definition: Definition) -> list[SplitRule]:
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


def _series(frame: Frame, definition: Definition, first_row: int) -> Series:
    data = definition.data
    column = {name: frame.values[:, i] for i, name in enumerate(frame.columns)}
    target = np.ascontiguousarray(column[data.target])  # a view would keep the whole frame in memory
    with np.errstate(divide="ignore", invalid="ignore"):  # check_series refuses a target without a logarithm
        transformed = np.log(column[data.target]) if data.transform == "log" else target
    features = [transformed if name == data.target else column[name] for name in data.features]
    return Series(frame.name, frame.dates, np.column_stack(features), target, transformed, first_row)
