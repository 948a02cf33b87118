"""The results of a finished trial: numbers for the database, curves and predictions for the trial file."""

import itertools
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from volopt import metrics
from volopt.baselines.baselines import Baselines
from volopt.baselines.forecasts import SCORED
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.studies.attributes import COUNTS, PeriodScores, finite
from volopt.studies.trial_file import TrialFile
from volopt.windows import scoring
from volopt.windows.dataset import Dataset, Series
from volopt.windows.periods import join_valid, of_each_period, over_periods
from volopt.windows.split import Split

Scores = dict[str, float | None]
MAX_JSON_NUMBERS = 500_000  # of a trial, 10 MB of JSON; with more, its columns are arrays, see ``storage.columns``


def seeds(run: TrialRun, baselines: Baselines) -> list[dict[str, Any]]:
    """Return the scores of each seed, over the valid periods, JSON-able; of a pruned one, its losses so far."""
    return [{"seed": fits[0].task.seed, **_seed_scores(fits, baselines)} for fits in _begun(run)]


def means(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the mean over seeds of each metric that all of them have."""
    names = [name for name in rows[0] if name not in ("seed", "epochs", "best_epoch")] if rows else []
    return {name: _mean([row.get(name) for row in rows]) for name in names}


def ensemble(run: TrialRun, dataset: Dataset, baselines: Baselines) -> dict[str, float | None]:
    """Return log scores and skills of the seeds' mean forecast, where all seeds are finished."""
    by_period = _ensemble_by_period(run, dataset, baselines)
    return {f"ensemble_{name}": value for name, value in over_periods(by_period).items()} if by_period else {}


def periods(
    run: TrialRun, dataset: Dataset, baselines: Baselines, spans: Sequence[tuple[date, date]]
) -> list[PeriodScores]:
    """Return the scores of each of several valid periods with these first and last days, where all are finished."""
    if len(dataset.periods) == 1 or not run.finished:
        return []
    own = [means([_fit_scores(seed, baselines) for seed in fits]) for fits in _fits_by_period(run)]
    ensembles = _ensemble_by_period(run, dataset, baselines)
    return [
        PeriodScores(
            first=str(first),
            last=str(last),
            metrics=of_each_period(scores) | {f"ensemble_{k}": value for k, value in of_each_period(ensemble).items()},
        )
        for (first, last), scores, ensemble in zip(spans, own, ensembles, strict=True)
    ]


def instruments(run: TrialRun, dataset: Dataset, baselines: Baselines) -> list[dict[str, Any]]:
    """Return the same for each instrument by itself, JSON-able."""
    by_period = [
        [_log_scores(row, own.skills(row, index)) for index, row in enumerate(rows)]
        for rows, own in zip(_ensemble_rows(run, dataset), baselines.periods, strict=False)
    ]
    return [
        {"instrument": series.name, "metrics": over_periods(scores)}
        for series, *scores in zip(dataset.series, *by_period, strict=True)
        if scores
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
    days = {split: _parts(dataset, split, window) for split in SCORED}
    count = sum(len(part.rows) for parts in days.values() for part in parts)
    as_arrays = count * (1 + len({seed.task.seed for seed in run.seeds})) > MAX_JSON_NUMBERS
    return TrialFile.model_validate({
        "window": window,
        "train": finite({"mean": train.mean(), "std": train.std(), "log_floor": metrics.log_floor(train)}),
        "metrics": scores,
        "baselines": baselines.key,
        "days": {split: _days(parts, as_arrays=as_arrays) for split, parts in days.items()},
        "parts": {split: [part.facts for part in parts if part.rows] for split, parts in days.items()},
        "instruments": instruments(run, dataset, baselines),
        "seeds": [
            _seed(dataset, fits, row, baselines, as_arrays=as_arrays)
            for fits, row in zip(_begun(run), rows, strict=True)
        ],
    })  # fmt: skip


class _Part(NamedTuple):
    """Hold the days of one series in a split; of valid, those of one period."""

    series: Series
    period: int
    rows: range
    log_floor: float

    @property
    def facts(self) -> dict[str, Any]:
        """Return what the trial file says of these days."""
        floor = finite(self.log_floor)
        return {"instrument": self.series.name, "period": self.period, "days": len(self.rows), "log_floor": floor}


def _parts(dataset: Dataset, split: Split, window: int) -> list[_Part]:
    """Return the days of a split by series, those of valid then by period; the last period forecasts test."""
    periods = dataset.periods if split == "valid" else (dataset,)
    return [
        _Part(series, number, period.rows(split, window, index), scoring.log_floor(period, window, index))
        for index, series in enumerate(dataset.series)
        for number, period in enumerate(periods)
    ]


def _days(parts: Sequence[_Part], *, as_arrays: bool) -> dict[str, Any]:
    rows = [slice(part.rows.start, part.rows.stop) for part in parts]
    dates = np.concatenate([part.series.dates[own] for part, own in zip(parts, rows, strict=True)])
    days = dates.astype("datetime64[D]")
    actual = np.concatenate([part.series.target[own] for part, own in zip(parts, rows, strict=True)])
    return {
        "date": days.astype(np.int32) if as_arrays else np.datetime_as_string(days).tolist(),
        "actual": _column(actual, as_array=as_arrays),
    }


def _begun(run: TrialRun) -> list[list[SeedRun]]:
    """Return the fits that have begun, by seed and then by period."""
    begun = (seed for seed in run.seeds if seed.curves)
    return [list(fits) for _, fits in itertools.groupby(begun, key=lambda seed: seed.task.seed)]


def _fits_by_period(run: TrialRun) -> list[list[SeedRun]]:
    by_period = sorted(run.seeds, key=lambda seed: seed.task.period)
    return [list(fits) for _, fits in itertools.groupby(by_period, key=lambda seed: seed.task.period)]


def _ensemble_rows(run: TrialRun, dataset: Dataset) -> list[list[dict[str, float]]]:
    """Return by period the scores of the seeds' mean forecast on each series; none where a seed is not finished."""
    if not run.finished:
        return []
    window = run.seeds[0].task.config.window
    rows = []
    for period, seeds in zip(dataset.periods, _fits_by_period(run), strict=True):
        fits = [seed.fit for seed in seeds if seed.fit is not None]
        mean = {split: np.mean([fit.arrays[f"forecast.{split}"] for fit in fits], axis=0) for split in SCORED}
        rows.append(scoring.by_series(period, window, mean))
    return rows


def _ensemble_by_period(run: TrialRun, dataset: Dataset, baselines: Baselines) -> list[Scores]:
    """Return the log scores and skills of the seeds' mean forecast in each period; none where it is not finished."""
    scores = [scoring.mean(rows) for rows in _ensemble_rows(run, dataset)]
    return [_log_scores(row, own.skills(row)) for row, own in zip(scores, baselines.periods, strict=False)]


def _log_scores(scores: dict[str, float], skills: dict[str, float]) -> Scores:
    chosen = {name: value for name, value in scores.items() if "_log_" in name} | skills
    return {name: finite(value) for name, value in chosen.items()}


def _column(values: NDArray[np.float64], *, as_array: bool) -> NDArray[np.float64] | list[float | None]:
    """Return numbers as an array or as a list; infinite ones become NaN in an array, None in a list."""
    if as_array:
        return np.where(np.isfinite(values), values, np.nan)
    numbers: list[float | None] = finite(values.tolist())
    return numbers


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _seed_scores(fits: Sequence[SeedRun], baselines: Baselines) -> dict[str, Any]:
    """Return the scores of one seed over the periods; its losses so far where a fit is not finished."""
    is_finished = len(fits) == len(baselines.periods) and all(seed.fit for seed in fits)
    return over_periods([_fit_scores(seed, baselines) if is_finished else _losses(seed) for seed in fits])


def _fit_scores(seed: SeedRun, baselines: Baselines) -> dict[str, Any]:
    if seed.fit is None:
        return _losses(seed)
    scores = seed.fit.metrics | baselines.periods[seed.task.period].skills(seed.fit.metrics)
    return {**finite(scores), "epochs": seed.fit.epochs, "best_epoch": seed.fit.best_epoch}


def _losses(seed: SeedRun) -> dict[str, Any]:
    assert seed.curves is not None
    return {"train_mse": seed.curves.train_mse[-1], "valid_mse": seed.curves.valid_mse[-1], "epochs": seed.epoch}


def _seed(
    dataset: Dataset, fits: Sequence[SeedRun], row: dict[str, Any], baselines: Baselines, *, as_arrays: bool
) -> dict[str, Any]:
    *_, last = fits
    scores = {name: score for name, score in row.items() if name != "seed"}
    finished = [seed.fit for seed in fits if seed.fit is not None]
    forecasts = {}
    if len(finished) == len(dataset.periods):
        valid = [fit.arrays["forecast.valid"] for fit in finished]
        joined = join_valid(dataset, last.task.config.window, valid)
        forecasts = {"valid": joined, "test": finished[-1].arrays["forecast.test"]}
    return {
        "seed": last.task.seed,
        "metrics": scores,
        "curves": finite(vars(last.curves)),
        "fits": [_stored_fit(seed, baselines, seed is last) for seed in fits] if len(dataset.periods) > 1 else [],
        "forecast": {split: _column(values, as_array=as_arrays) for split, values in forecasts.items()},
    }


def _stored_fit(seed: SeedRun, baselines: Baselines, is_last: bool) -> dict[str, Any]:
    scores = _fit_scores(seed, baselines)
    own = of_each_period(scores) | {name: scores[name] for name in COUNTS if name in scores}
    return {"period": seed.task.period, "metrics": own, "curves": None if is_last else finite(vars(seed.curves))}
