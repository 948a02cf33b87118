"""Every baseline fitted on the train days of a dataset, and its forecasts of the days the trials forecast."""

import math

import numpy as np

from volopt import metrics
from volopt.baselines.classical import ewma, har, ma5, persistence
from volopt.baselines.history import Baseline, History
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


def forecasts(dataset: Dataset, window: int, lags: int) -> dict[str, dict[Split, Array]]:
    """Return each baseline's forecasts of valid and test, original units, in the order of the days of ``samples``.

    Args:
        dataset: the study's.
        window: of the trial beside which they stand; it decides the days of each split.
        lags: input days of ridge and lightgbm.
    """
    return {name: _forecasts(dataset, baseline, window, lags) for name, baseline in BASELINES.items()}


def target_rows(dataset: Dataset, index: int, split: Split, window: int) -> range:
    """Return the rows of series ``index`` that a trial has as targets in a split."""
    rule = dataset.rule
    return rule.targets(split, dataset.series[index].dates, rule.window_of(split, window), index)


def _forecasts(dataset: Dataset, baseline: Baseline, window: int, lags: int) -> dict[Split, Array]:
    train = [_train_rows(dataset, i, window) for i in range(len(dataset.series))]
    teachers = [i if rows else 0 for i, rows in enumerate(train)]  # a series without train learns from the first
    histories = [_history(dataset, i, teacher, train[teacher]) for i, teacher in enumerate(teachers)]
    fitted = {teacher: baseline(histories[teacher], train[teacher], lags) for teacher in set(teachers)}
    days = [fitted[teacher](history) for teacher, history in zip(teachers, histories, strict=True)]
    return {
        split: np.concatenate([all_days[target_rows(dataset, i, split, window)] for i, all_days in enumerate(days)])
        for split in SCORED
    }


def _train_rows(dataset: Dataset, index: int, window: int) -> range:
    """Return every train row of a series, or none.

    Trials leave out the first days of train, as many as the largest window of the study has, so that they can be
    compared with each other. A baseline needs no such handicap: it learns from all days.
    """
    rows = target_rows(dataset, index, "train", window)
    return range(rows.stop if rows else 0)


def _history(dataset: Dataset, index: int, teacher: int, train: range) -> History:
    """Return what a baseline fitted on the rows ``train`` of series ``teacher`` may see of series ``index``."""
    series, target = dataset.series[index], dataset.target_feature
    floor = metrics.log_floor(dataset.series[teacher].target[train])
    floor = 1.0 if math.isnan(floor) else floor  # train is never positive: its logarithms say nothing, but are finite
    others = series.features if target is None else np.delete(series.features, target, axis=1)
    return History(series.target, np.log(np.maximum(series.target, floor)), others)
