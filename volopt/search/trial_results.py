"""The results of a finished trial: numbers for the database, curves and predictions for the trial file."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from volopt import metrics
from volopt.baselines.baselines import Baselines
from volopt.baselines.forecasts import SCORED
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.studies.attributes import finite
from volopt.studies.trial_file import TrialFile
from volopt.windows import scoring
from volopt.windows.dataset import Dataset
from volopt.windows.split import Split

MAX_JSON_NUMBERS = 500_000  # of a trial, 10 MB of JSON; with more, its columns are arrays, see ``storage.columns``


def seeds(run: TrialRun, baselines: Baselines) -> list[dict[str, Any]]:
    """Return the scores of each seed, JSON-able; of a pruned one, its losses so far."""
    return [{"seed": seed.task.seed, **_scores(seed, baselines)} for seed in _begun(run)]


def means(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the mean over seeds of each metric that all of them have."""
    names = [name for name in rows[0] if name not in ("seed", "epochs", "best_epoch")] if rows else []
    return {name: _mean([row.get(name) for row in rows]) for name in names}


def ensemble(run: TrialRun, dataset: Dataset, baselines: Baselines) -> dict[str, float | None]:
    """Return log scores and skills of the seeds' mean forecast, where all seeds are finished."""
    rows = _ensemble_by_series(run, dataset)
    if not rows:
        return {}
    scores = scoring.mean(rows)
    return {f"ensemble_{name}": value for name, value in _log_scores(scores, baselines.skills(scores)).items()}


def instruments(run: TrialRun, dataset: Dataset, baselines: Baselines) -> list[dict[str, Any]]:
    """Return the same for each instrument by itself, JSON-able."""
    return [
        {"instrument": dataset.series[index].name, "metrics": _log_scores(row, baselines.skills(row, index))}
        for index, row in enumerate(_ensemble_by_series(run, dataset))
    ]


def trial_file(
    run: TrialRun,
    dataset: Dataset,
    rows: list[dict[str, Any]],
    scores: dict[str, float | None],
    baselines: Baselines,
) -> TrialFile:
    """Return the file of a trial. Its forecasts are in original units, one instrument after another.

    Args:
        run: the trial.
        dataset: the study's data.
        rows: from ``seeds``.
        scores: from ``means`` and ``ensemble``.
        baselines: on the trial's days.
    """
    window = run.seeds[0].task.config.window
    train = dataset.target("train", window)
    as_arrays = sum(dataset.days(split, window) for split in SCORED) * (1 + len(run.seeds)) > MAX_JSON_NUMBERS
    return TrialFile.model_validate({
        "window": window,
        "train": finite({"mean": train.mean(), "std": train.std(), "log_floor": metrics.log_floor(train)}),
        "metrics": scores,
        "baselines": baselines.key,
        "days": {split: _days(dataset, split, window, as_arrays=as_arrays) for split in SCORED},
        "parts": {split: _instrument_days(dataset, split, window) for split in SCORED},
        "instruments": instruments(run, dataset, baselines),
        "seeds": [_seed(seed, row, as_arrays=as_arrays) for seed, row in zip(_begun(run), rows, strict=True)],
    })  # fmt: skip


def _begun(run: TrialRun) -> list[SeedRun]:
    return [seed for seed in run.seeds if seed.curves]


def _ensemble_by_series(run: TrialRun, dataset: Dataset) -> list[dict[str, float]]:
    """Return the scores of the seeds' mean forecast on each series; none where a seed is not finished."""
    fits = [seed.fit for seed in run.seeds if seed.fit is not None]
    if len(fits) < len(run.seeds):
        return []
    mean = {split: np.mean([fit.arrays[f"forecast.{split}"] for fit in fits], axis=0) for split in SCORED}
    return scoring.by_series(dataset, run.seeds[0].task.config.window, mean)


def _log_scores(scores: dict[str, float], skills: dict[str, float]) -> dict[str, float | None]:
    chosen = {name: value for name, value in scores.items() if "_log_" in name} | skills
    return {name: finite(value) for name, value in chosen.items()}


def _days(dataset: Dataset, split: Split, window: int, *, as_arrays: bool) -> dict[str, Any]:
    rows = [dataset.rows(split, window, index) for index in range(len(dataset.series))]
    parts = [series.dates[part.start : part.stop] for series, part in zip(dataset.series, rows, strict=True)]
    dates = np.concatenate(parts).astype("datetime64[D]")
    days = dates.astype(np.int32) if as_arrays else np.datetime_as_string(dates).tolist()
    return {"date": days, "actual": _column(dataset.target(split, window), as_array=as_arrays)}


def _column(values: NDArray[np.float64], *, as_array: bool) -> NDArray[np.float64] | list[float | None]:
    """Return numbers as an array or as a list; infinite ones become NaN in an array, None in a list."""
    if as_array:
        return np.where(np.isfinite(values), values, np.nan)
    numbers: list[float | None] = finite(values.tolist())
    return numbers


def _instrument_days(dataset: Dataset, split: Split, window: int) -> list[dict[str, Any]]:
    """Return the number of days of each instrument in a split, and the floor of its forecasts."""
    return [
        {
            "instrument": series.name,
            "days": count,
            "log_floor": finite(metrics.log_floor(scoring.train_of(dataset, window, index))),
        }
        for index, series in enumerate(dataset.series)
        if (count := len(dataset.rows(split, window, index)))
    ]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _scores(seed: SeedRun, baselines: Baselines) -> dict[str, Any]:
    if seed.fit is None:
        curves = seed.curves
        assert curves is not None
        return {"train_mse": curves.train_mse[-1], "valid_mse": curves.valid_mse[-1], "epochs": seed.epoch}
    scores = seed.fit.metrics | baselines.skills(seed.fit.metrics)
    return {**finite(scores), "epochs": seed.fit.epochs, "best_epoch": seed.fit.best_epoch}


def _seed(seed: SeedRun, row: dict[str, Any], *, as_arrays: bool) -> dict[str, Any]:
    scores = {name: value for name, value in row.items() if name != "seed"}
    forecasts = {split: seed.fit.arrays[f"forecast.{split}"] for split in SCORED} if seed.fit else {}
    return {
        "seed": seed.task.seed,
        "metrics": scores,
        "curves": finite(vars(seed.curves)),
        "forecast": {split: _column(values, as_array=as_arrays) for split, values in forecasts.items()},
    }
