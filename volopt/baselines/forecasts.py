"""Fit every baseline on the train days of a dataset, and forecast the days that the trials forecast."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from volopt import metrics
from volopt.baselines.methods import BASELINES, Baseline, Forecaster, History
from volopt.metrics import Array
from volopt.windows.split import Split

if TYPE_CHECKING:  # it imports pandas, and most commands need only the names below
    from volopt.windows.dataset import Dataset

SCORED: tuple[Split, ...] = ("valid", "test")


def forecasts(
    dataset: "Dataset", window: int, lags: int, splits: Sequence[Split] = SCORED
) -> dict[str, dict[Split, Array]]:
    """Return each baseline's forecasts, original units, in the order of the days of ``samples``.

    Args:
        dataset: the study's.
        window: of the trials to compare with; it decides the days of each split.
        lags: input days of ridge and lightgbm.
        splits: to forecast.
    """
    return {name: _forecasts(dataset, baseline, window, lags, splits) for name, baseline in BASELINES.items()}


def _forecasts(
    dataset: "Dataset", baseline: Baseline, window: int, lags: int, splits: Sequence[Split]
) -> dict[Split, Array]:
    parts: dict[Split, list[Array]] = {split: [] for split in splits}
    fitted: tuple[int, Forecaster] | None = None  # only the last one: each takes a megabyte in a panel
    for index in range(len(dataset.series)):
        teacher = dataset.teacher(window, index)
        # Trials leave out the first days of train, as many as the largest window of the study, so that all windows are
        # scored on the same days. Baselines learn from these days too.
        rows = dataset.rows("train", window, teacher)
        train = range(rows.stop if rows else 0)
        if fitted is None or fitted[0] != teacher:
            fitted = teacher, baseline(_history(dataset, teacher, teacher, train), train, lags)
        forecast = fitted[1](_history(dataset, index, teacher, train))
        for split in splits:
            parts[split].append(forecast[dataset.rows(split, window, index)])
    return {split: np.concatenate(parts[split]) for split in splits}


def _history(dataset: "Dataset", index: int, teacher: int, train: range) -> History:
    """Return what a baseline, fitted on the rows ``train`` of series ``teacher``, sees of series ``index``."""
    series, target = dataset.series[index], dataset.target_feature
    floor = metrics.log_floor(dataset.series[teacher].target[train])
    floor = 1.0 if math.isnan(floor) else floor  # train is never positive: any floor keeps its logarithms finite
    others = series.features if target is None else np.delete(series.features, target, axis=1)
    return History(series.target, np.log(np.maximum(series.target, floor)), others)
