"""What a finished trial leaves: numbers in the database, curves and predictions as an artifact."""

import math
from typing import Any

import numpy as np

from volopt.search.trial_run import Member, TrialRun
from volopt.windows.dataset import Dataset
from volopt.windows.windows import samples


def seeds(run: TrialRun) -> list[dict[str, Any]]:
    """Return the scores of each seed, JSON-able; of a pruned one, its losses so far."""
    return [{"seed": member.task.seed, **_scores(member)} for member in run.members if member.curves]


def means(rows: list[dict[str, Any]]) -> dict[str, float | None]:
    """Return the mean over seeds of each metric that all of them have."""
    names = [name for name in rows[0] if name not in ("seed", "epochs", "best_epoch")] if rows else []
    return {name: _mean([row.get(name) for row in rows]) for name in names}


def artifact(run: TrialRun, dataset: Dataset) -> dict[str, Any]:
    """Return curves a seed, and forecasts beside what came, by date, in the target's original units."""
    window = run.members[0].task.config.window
    days = {split: samples(dataset, split, window) for split in ("valid", "test")}
    return {
        "window": window,
        "days": {
            split: {"date": np.datetime_as_string(found.dates).tolist(), "actual": found.actual.tolist()}
            for split, found in days.items()
        },
        "seeds": [_seed_artifact(member) for member in run.members if member.curves],
    }


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None


def _scores(member: Member) -> dict[str, Any]:
    if member.fit is None:
        curves = member.curves
        assert curves is not None
        return {"train_mse": curves.train_mse[-1], "valid_mse": curves.valid_mse[-1], "epochs": member.epoch}
    return {name: _finite(value) for name, value in member.fit.metrics.items()} | {
        "epochs": member.fit.epochs,
        "best_epoch": member.fit.best_epoch,
    }


def _seed_artifact(member: Member) -> dict[str, Any]:
    curves = {name: _finite(values) for name, values in vars(member.curves).items()}
    found: dict[str, Any] = {"seed": member.task.seed, "curves": curves}
    if member.fit is not None:
        found["forecast"] = {
            name.removeprefix("forecast."): values.tolist() for name, values in member.fit.forecasts.items()
        }
    return found


def _finite(value: Any) -> Any:
    """Return numbers, or lists of them, with None for what JSON has no word for."""
    if isinstance(value, list):
        return [_finite(each) for each in value]
    return value if math.isfinite(value) else None
