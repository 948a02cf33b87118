"""Every baseline fitted on the train days of a dataset, and its forecasts of the days the trials forecast."""

import math
from collections.abc import Sequence

import numpy as np

from volopt import metrics
from volopt.baselines.classical import ewma, har, ma5, persistence
from volopt.baselines.history import Baseline, Forecaster, History
from volopt.baselines.learned import lightgbm, ridge
from volopt.windows.dataset import Array, Dataset
from volopt.windows.split import Split

SCORED: tuple[Split, ...] = ("valid", "test")
BASELINES: dict[str, Baseline] = {
    "persistence": persistence,
    "ma5": ma5,
    "ewma": ewma,
    "har": har,
    "ridge": ridge,
    "lightgbm": lightgbm,
}


def forecasts(
    dataset: Dataset, window: int, lags: int, splits: Sequence[Split] = SCORED
) -> dict[str, dict[Split, Array]]:
    """Return each baseline's forecasts, original units, in the order of the days of ``samples``.

    Args:
        dataset: the study's.
        window: of the trial beside which they stand; it decides the days of each split.
        lags: input days of ridge and lightgbm.
        splits: to forecast.
    """
    return {name: _forecasts(dataset, baseline, window, lags, splits) for name, baseline in BASELINES.items()}


def _forecasts(
    dataset: Dataset, baseline: Baseline, window: int, lags: int, splits: Sequence[Split]
) -> dict[Split, Array]:
    days: dict[Split, list[Array]] = {split: [] for split in splits}
    fitted: tuple[int, Forecaster] | None = None  # the last alone: those of a panel take a megabyte each
    for index in range(len(dataset.series)):
        teacher = dataset.teacher(window, index)
        train = _train_rows(dataset, teacher, window)
        if fitted is None or fitted[0] != teacher:
            fitted = teacher, baseline(_history(dataset, teacher, teacher, train), train, lags)
        found = fitted[1](_history(dataset, index, teacher, train))
        for split, parts in days.items():
            parts.append(found[dataset.rows(split, window, index)])
    return {split: np.concatenate(parts) for split, parts in days.items()}


def _train_rows(dataset: Dataset, index: int, window: int) -> range:
    """Return every train row of a series, or none.

    Trials leave out the first days of train, as many as the largest window of the study has, so that they can be
    compared with each other. A baseline needs no such handicap: it learns from all days.
    """
    rows = dataset.rows("train", window, index)
    return range(rows.stop if rows else 0)


def _history(dataset: Dataset, index: int, teacher: int, train: range) -> History:
    """Return what a baseline fitted on the rows ``train`` of series ``teacher`` may see of series ``index``."""
    series, target = dataset.series[index], dataset.target_feature
    floor = metrics.log_floor(dataset.series[teacher].target[train])
    floor = 1.0 if math.isnan(floor) else floor  # train is never positive: its logarithms say nothing, but are finite
    others = series.features if target is None else np.delete(series.features, target, axis=1)
    return History(series.target, np.log(np.maximum(series.target, floor)), others)
