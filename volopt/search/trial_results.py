"""What a finished trial leaves: numbers in the database, curves and predictions as an artifact."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from volopt import metrics
from volopt.baselines.baselines import Baselines
from volopt.baselines.forecasts import SCORED
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.studies.attributes import finite
from volopt.windows import scoring
from volopt.windows.dataset import Dataset
from volopt.windows.split import Split

LONG = 500_000  # numbers of a trial, 10 MB of JSON: with more, its columns are arrays, see ``storage.columns``


def seeds(run: TrialRun, baselines: Baselines) -> list[dict[str, Any]]:
    """Return the scores of each seed, JSON-able; of a pruned one, its losses so far."""
    return [{"seed": member.task.seed, **_scores(member, baselines)} for member in _begun(run)]


def means(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the mean over seeds of each metric that all of them have."""
    names = [name for name in rows[0] if name not in ("seed", "epochs", "best_epoch")] if rows else []
    return {name: _mean([row.get(name) for row in rows]) for name in names}


def ensemble(run: TrialRun, dataset: Dataset, baselines: Baselines) -> dict[str, float | None]:
    """Return log scores and skills of the mean of the seeds' forecasts, where every seed is finished."""
    rows = _by_series(run, dataset)
    if not rows:
        return {}
    scores = scoring.mean(rows)
    return {f"ensemble_{name}": value for name, value in _of_logs(scores, baselines.skills(scores)).items()}


def instruments(run: TrialRun, dataset: Dataset, baselines: Baselines) -> list[dict[str, Any]]:
    """Return the same of each instrument by itself, JSON-able, under the names that its ``metrics`` have."""
    return [
        {"instrument": dataset.series[index].name, "metrics": _of_logs(row, baselines.skills_of_series(index, row))}
        for index, row in enumerate(_by_series(run, dataset))
    ]


def artifact(
    run: TrialRun,
    dataset: Dataset,
    rows: list[dict[str, Any]],
    scores: dict[str, float | None],
    baselines: Baselines,
) -> dict[str, Any]:
    """Return what a trial leaves as a file.

    Its metrics, and metrics and curves a seed; forecasts beside what came, by date, in the target's original units, one
    instrument after another as ``parts`` says; how well the mean of the seeds does on each; where the baselines'
    forecasts of the same days are kept; and what the train target was like. JSON-able, but for arrays of more than
    ``LONG`` numbers in all, with days as days since 1970.

    Args:
        run: the trial.
        dataset: the study's data.
        rows: from ``seeds``.
        scores: from ``means`` and ``ensemble``.
        baselines: on the trial's days.
    """
    window = run.members[0].task.config.window
    train = dataset.train_target(window)
    long = sum(dataset.days(split, window) for split in SCORED) * (1 + len(run.members)) > LONG
    return {
        "window": window,
        "train": finite({"mean": train.mean(), "std": train.std(), "log_floor": metrics.log_floor(train)}),
        "metrics": scores,
        "baselines": baselines.key,
        "days": {split: _days(dataset, split, window, long=long) for split in SCORED},
        "parts": {split: _parts(dataset, split, window) for split in SCORED},
        "instruments": instruments(run, dataset, baselines),
        "seeds": [_seed(member, row, long=long) for member, row in zip(_begun(run), rows, strict=True)],
    }


def _begun(run: TrialRun) -> list[SeedRun]:
    return [member for member in run.members if member.curves]


def _by_series(run: TrialRun, dataset: Dataset) -> list[dict[str, float]]:
    """Return the scores of the mean of the seeds' forecasts on each series; none where a seed is not finished."""
    fits = [member.fit for member in run.members if member.fit is not None]
    if len(fits) < len(run.members):
        return []
    mean = {split: np.mean([fit.forecasts[f"forecast.{split}"] for fit in fits], axis=0) for split in SCORED}
    return scoring.by_series(dataset, run.members[0].task.config.window, mean)


def _of_logs(scores: dict[str, float], skills: dict[str, float]) -> dict[str, float | None]:
    found = {name: value for name, value in scores.items() if "_log_" in name} | skills
    return {name: finite(value) for name, value in found.items()}


def _days(dataset: Dataset, split: Split, window: int, *, long: bool) -> dict[str, Any]:
    rows = [dataset.rows(split, window, index) for index in range(len(dataset.series))]
    dates = np.concatenate(
        [series.dates[some.start : some.stop] for series, some in zip(dataset.series, rows, strict=True)]
    )
    days = dates.astype("datetime64[D]").astype(np.int32) if long else np.datetime_as_string(dates, "D").tolist()
    return {"date": days, "actual": _column(dataset.target(split, window), long=long)}


def _column(values: NDArray[np.float64], *, long: bool) -> NDArray[np.float64] | list[float | None]:
    """Return numbers as an array or as a list; what is not finite is NaN in the one, None in the other."""
    if long:
        return np.where(np.isfinite(values), values, np.nan)
    known: list[float | None] = finite(values.tolist())
    return known


def _parts(dataset: Dataset, split: Split, window: int) -> list[dict[str, Any]]:
    """Return whose the days of a split are, in their order, and what forecasts are raised to before a logarithm."""
    counts = [len(dataset.rows(split, window, index)) for index in range(len(dataset.series))]
    return [
        {
            "instrument": dataset.series[index].name,
            "days": count,
            "log_floor": finite(metrics.log_floor(scoring.train_of(dataset, window, index))),
        }
        for index, count in enumerate(counts)
        if count
    ]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _scores(member: SeedRun, baselines: Baselines) -> dict[str, Any]:
    if member.fit is None:
        curves = member.curves
        assert curves is not None
        return {"train_mse": curves.train_mse[-1], "valid_mse": curves.valid_mse[-1], "epochs": member.epoch}
    scores = member.fit.metrics | baselines.skills(member.fit.metrics)
    return {**finite(scores), "epochs": member.fit.epochs, "best_epoch": member.fit.best_epoch}


def _seed(member: SeedRun, row: dict[str, Any], *, long: bool) -> dict[str, Any]:
    scores = {name: value for name, value in row.items() if name != "seed"}
    curves = finite(vars(member.curves))
    found: dict[str, Any] = {"seed": member.task.seed, "metrics": scores, "curves": curves}
    if member.fit is not None:
        found["forecast"] = {
            name.removeprefix("forecast."): _column(values, long=long) for name, values in member.fit.forecasts.items()
        }
    return found
