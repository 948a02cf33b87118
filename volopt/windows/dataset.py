"""The data of a study as plain arrays: what travels to a worker, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.windows.split import SPLITS, AsPublished, ByDate, Dates, Rule, Split

Array = NDArray[np.float64]


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
        DataError: a split has too few rows, a column is constant in train, or a target has no logarithm.
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
    rule = dataset.rule
    for split in SPLITS:
        forecasts = dataset.days(split, window)
        if forecasts < 2:
            read = sum(len(s.dates) for s in dataset.series)
            raise DataError(
                f"the {split} split has {forecasts} days to forecast with a window of {window} days; "
                f"{read} trade days were read in all",
                "make the window or its range in [space] smaller, or the splits longer",
            )
    for i, series in enumerate(dataset.series):
        rows = list(rule.fitted_on(series.dates, window, i))
        columns = [*zip(dataset.names, series.features.T, strict=True), ("the target", series.transformed)]
        for name, values in columns:
            if rows and np.ptp(values[rows]) == 0:
                raise DataError(
                    f"{name} of {series.name} is constant ({values[rows[0]]:g}) over train and cannot be scaled",
                    "leave it out of features in [data], or choose another train split",
                )
