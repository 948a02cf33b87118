"""Score the forecasts of a dataset: each series by itself, then their mean."""

from collections.abc import Mapping, Sequence

import numpy as np

from volopt import metrics
from volopt.metrics import Array, Forecast
from volopt.windows.dataset import Dataset
from volopt.windows.split import Split


def by_series(dataset: Dataset, window: int, forecasts: Mapping[Split, Array]) -> list[dict[str, float]]:
    """Return ``metrics.scores`` of each series, relative to its own train days.

    Args:
        dataset: the study's.
        window: of the trial, in days.
        forecasts: by split, in the order of the days of ``samples``, original units.
    """
    parts: list[dict[str, Forecast]] = [{} for _ in dataset.series]
    for split, forecast in forecasts.items():
        start = 0
        for index, series in enumerate(dataset.series):
            rows = dataset.rows(split, window, index)
            if rows:
                days, target = forecast[start : start + len(rows)], series.target
                actual, previous = target[rows.start : rows.stop], target[rows.start - 1 : rows.stop - 1]
                parts[index][split] = Forecast(days, actual, previous)
                start += len(rows)
    return [metrics.scores(part, train_of(dataset, window, index)) for index, part in enumerate(parts)]


def mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """Return the mean of each metric over the series that have it; each has the same weight, whatever its volume."""
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}


def log_floor(dataset: Dataset, window: int, index: int) -> float:
    """Return the floor of the forecasts of series ``index``, see ``metrics.log_floor``."""
    return metrics.log_floor(train_of(dataset, window, index))


def train_of(dataset: Dataset, window: int, index: int) -> Array:
    """Return the target on the train days behind series ``index``, shape (days,), original units."""
    teacher = dataset.teacher(window, index)
    rows = dataset.rows("train", window, teacher)
    return dataset.series[teacher].target[rows.start : rows.stop]
