"""Fit every baseline on the train days of a dataset, and forecast the days that the trials forecast."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from volopt import metrics
from volopt.baselines.methods import BASELINES, Fit, Forecaster, History, baselines_of, is_of_calendar
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
        lags: input days of ridge, lightgbm and the pooled baselines.
        splits: to forecast.
    """
    names = baselines_of(dataset.static_names)
    fits = {name: BASELINES[name].fit for name in names}
    by_name = dict[str, dict[Split, Array]]()
    if None in fits.values():  # first, beside no other forecasts: LightGBM takes some 120 bytes for each row of a panel
        from volopt.baselines import pooled

        by_name |= pooled.forecasts(dataset, window, lags, splits)
    by_name |= {name: _forecasts(dataset, fit, window, lags, splits) for name, fit in fits.items() if fit}
    return {name: by_name[name] for name in names}


def _forecasts(dataset: "Dataset", fit: Fit, window: int, lags: int, splits: Sequence[Split]) -> dict[Split, Array]:
    parts: dict[Split, list[Array]] = {split: [] for split in splits}
    fitted: tuple[int, Forecaster] | None = None  # only the last one: each takes a megabyte in a panel
    for index in range(len(dataset.series)):
        teacher = dataset.teacher(window, index)
        if fitted is None or fitted[0] != teacher:
            train = train_rows(dataset, window, teacher)
            fitted = teacher, fit(_history(dataset, window, teacher), train, lags)
        forecast = fitted[1](_history(dataset, window, index))
        for split in splits:
            parts[split].append(forecast[dataset.rows(split, window, index)])
    return {split: np.concatenate(parts[split]) for split in splits}


def train_rows(dataset: "Dataset", window: int, index: int) -> range:
    """Return the rows of train that a baseline learns from.

    Trials leave out the first days of train, as many as the largest window of the study, so that all windows are scored
    on the same days. Baselines learn from these days too.
    """
    rows = dataset.rows("train", window, index)
    return range(rows.stop if rows else 0)


def log_target(dataset: "Dataset", window: int, index: int) -> Array:
    """Return the log target of series ``index``, shape (days,), with a floor from train where it has no logarithm."""
    teacher = dataset.teacher(window, index)
    floor = metrics.log_floor(dataset.series[teacher].target[: train_rows(dataset, window, teacher).stop])
    floor = 1.0 if math.isnan(floor) else floor  # train is never positive: any floor keeps its logarithms finite
    log: Array = np.log(np.maximum(dataset.series[index].target, floor))
    return log


def _history(dataset: "Dataset", window: int, index: int) -> History:
    series, target = dataset.series[index], dataset.target_feature
    others = series.features if target is None else np.delete(series.features, target, axis=1)
    calendar = None
    if columns := [i for i, name in enumerate(dataset.static_names) if is_of_calendar(name)]:
        assert dataset.static is not None
        rows = slice(series.first_row, series.first_row + len(series.dates))
        calendar = dataset.static[rows, columns].astype(np.float64)
    return History(series.target, log_target(dataset, window, index), others, calendar)
