"""What a finished trial leaves: numbers in the database, curves and predictions as an artifact."""

import math
from typing import Any

import numpy as np

from volopt import metrics
from volopt.baselines.baselines import Baselines
from volopt.baselines.forecasts import SCORED
from volopt.search.trial_run import Member, TrialRun
from volopt.windows import scoring
from volopt.windows.dataset import Dataset
from volopt.windows.windows import samples

# The system attribute of a trial with "seeds", the scores of each, and "skills", its own by name: lists of some length,
# which as user attributes would stretch optuna-dashboard's pages.
SCORES = "volopt:scores"


def seeds(run: TrialRun, baselines: Baselines) -> list[dict[str, Any]]:
    """Return the scores of each seed, JSON-able; of a pruned one, its losses so far."""
    return [{"seed": member.task.seed, **_scores(member, baselines)} for member in _begun(run)]


def means(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the mean over seeds of each metric that all of them have."""
    names = [name for name in rows[0] if name not in ("seed", "epochs", "best_epoch")] if rows else []
    return {name: _mean([row.get(name) for row in rows]) for name in names}


def ensemble(run: TrialRun, dataset: Dataset, baselines: Baselines) -> dict[str, float | None]:
    """Return log scores and skills of the mean of the seeds' forecasts, where every seed is finished."""
    fits = [member.fit for member in run.members if member.fit is not None]
    if len(fits) < len(run.members):
        return {}
    mean = {split: np.mean([fit.forecasts[f"forecast.{split}"] for fit in fits], axis=0) for split in SCORED}
    scores = scoring.score(dataset, run.members[0].task.config.window, mean)
    found = {name: value for name, value in scores.items() if "_log_" in name} | baselines.skills(scores)
    return {f"ensemble_{name}": finite(value) for name, value in found.items()}


def artifact(
    run: TrialRun,
    dataset: Dataset,
    rows: list[dict[str, Any]],
    scores: dict[str, float | None],
    baselines: Baselines,
) -> dict[str, Any]:
    """Return what a trial leaves as a file.

    Its metrics, and metrics and curves a seed; forecasts beside what came, by date, in the target's original units;
    where the baselines' forecasts of the same days are kept; and what the train target was like.

    Args:
        run: the trial.
        dataset: the study's data.
        rows: from ``seeds``.
        scores: from ``means`` and ``ensemble``.
        baselines: on the trial's days.
    """
    window = run.members[0].task.config.window
    days = {split: samples(dataset, split, window) for split in SCORED}
    train = dataset.train_target(window)
    return {
        "window": window,
        "train": finite({"mean": train.mean(), "std": train.std(), "log_floor": metrics.log_floor(train)}),
        "metrics": scores,
        "baselines": baselines.key,
        "days": {
            split: {"date": np.datetime_as_string(found.dates).tolist(), "actual": found.actual.tolist()}
            for split, found in days.items()
        },
        "seeds": [_seed(member, row) for member, row in zip(_begun(run), rows, strict=True)],
    }


def _begun(run: TrialRun) -> list[Member]:
    return [member for member in run.members if member.curves]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _scores(member: Member, baselines: Baselines) -> dict[str, Any]:
    if member.fit is None:
        curves = member.curves
        assert curves is not None
        return {"train_mse": curves.train_mse[-1], "valid_mse": curves.valid_mse[-1], "epochs": member.epoch}
    scores = member.fit.metrics | baselines.skills(member.fit.metrics)
    return {**finite(scores), "epochs": member.fit.epochs, "best_epoch": member.fit.best_epoch}


def _seed(member: Member, row: dict[str, Any]) -> dict[str, Any]:
    scores = {name: value for name, value in row.items() if name != "seed"}
    curves = finite(vars(member.curves))
    found: dict[str, Any] = {"seed": member.task.seed, "metrics": scores, "curves": curves}
    if member.fit is not None:
        found["forecast"] = {
            name.removeprefix("forecast."): finite(values.tolist()) for name, values in member.fit.forecasts.items()
        }
    return found


def finite(value: Any) -> Any:
    """Return what JSON can hold, with None for numbers that it has no word for."""
    if isinstance(value, list):
        return [finite(each) for each in value]
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
