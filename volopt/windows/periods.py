"""Join what belongs to the valid periods of a dataset: columns of days, and scores."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from volopt.windows.dataset import Dataset
from volopt.windows.split import Split

Value = TypeVar("Value", float, float | None)
AVERAGED = ("train_", "valid_")  # begin the metrics that each period has; the others are of the last one


def count_days(
    dataset: Dataset, window: int, count: Callable[[Dataset, Split, int], int] = Dataset.days
) -> dict[str, int]:
    """Return the days of each split: those of ``train`` as the study file has it, and of all valid periods.

    ``count`` is the method of the dataset that counts.
    """
    first = dataset.periods[0]
    valid = sum(count(period, "valid", window) for period in dataset.periods)
    return {"train": count(first, "train", window), "valid": valid, "test": count(dataset, "test", window)}


def join_valid(dataset: Dataset, window: int, columns: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the columns of the periods' valid days as one, by series and then by day.

    Args:
        dataset: the study's.
        window: of the trial, in days.
        columns: one a period, in the order of the days of ``samples``.
    """
    parts = []
    for period, column in zip(dataset.periods, columns, strict=True):
        counts = [len(period.rows("valid", window, index)) for index in range(len(period.series))]
        parts.append(np.split(column, np.cumsum(counts)[:-1]))
    return np.concatenate([part for of_series in zip(*parts, strict=True) for part in of_series])


def of_each_period(scores: Mapping[str, Value]) -> dict[str, Value]:
    """Return the metrics that each period has: those of train and valid."""
    return {name: value for name, value in scores.items() if name.startswith(AVERAGED)}


def over_periods(scores: Sequence[Mapping[str, Value]]) -> dict[str, Value]:
    """Return the mean over the periods of each metric of train and valid, and the last period's other metrics.

    A metric that is not defined in a period is not defined.
    """
    *_, last = scores
    columns = {name: [row.get(name) for row in scores] for name in of_each_period(last)}
    means: dict[str, Any] = {
        name: None if None in values else float(np.mean(np.array(values, dtype=float)))
        for name, values in columns.items()
    }
    return {**last, **means}
