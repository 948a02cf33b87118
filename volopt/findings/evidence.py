"""Stored trials as numbers: what a claim or a comparison looks at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from volopt.definition.schema import Scalar
from volopt.errors import StudyError
from volopt.storage import kept
from volopt.storage.artifacts import CURVES, Artifacts

Array = NDArray[np.float64]
SPLITS = ("valid", "test")


class Replicate(NamedTuple):
    """One seed of a trial."""

    seed: int
    metrics: Mapping[str, float]  # NaN where a metric is not defined
    curves: Mapping[str, Any]  # the names of ``training.curves``
    forecast: Mapping[str, Array]  # by split, shape: (days,), original units


@dataclass(frozen=True)
class Result:
    """One COMPLETE trial with all its seeds; days and quantities as in ``storage.artifacts``."""

    number: int
    params: Mapping[str, Scalar]
    replicates: tuple[Replicate, ...]
    dates: Mapping[str, NDArray[np.datetime64]]  # by split, shape: (days,)
    actual: Mapping[str, Array]  # by split, shape: (days,), original units
    train: Mapping[str, float]  # of the train target: mean, std, and log_floor (``metrics.log_floor``)
    baselines: Mapping[str, Mapping[str, Array]]  # by name and split, shape: (days,); empty where they are gone

    def ensemble(self, split: str) -> Array:
        """Return the mean of the seeds' forecasts, shape (days,)."""
        mean: Array = np.mean([replicate.forecast[split] for replicate in self.replicates], axis=0)
        return mean


def read(study: optuna.Study, trial: FrozenTrial, artifacts: Artifacts) -> Result:
    """Return a COMPLETE trial's numbers.

    Raises:
        StudyError: its artifact is missing, broken, or of an older volopt.
    """
    content = artifacts.read(study, trial, CURVES)
    try:
        if content is not None:
            return _result(trial, content, artifacts)
    except (AttributeError, KeyError, TypeError, ValueError):
        pass  # not whole: as good as missing
    raise StudyError(
        f"the curves and forecasts of trial {trial.number} of {study.study_name} are missing, or of an older volopt",
        "run the study again under another --name: it takes the fits that are kept and writes them anew",
    )


def _result(trial: FrozenTrial, content: Mapping[str, Any], artifacts: Artifacts) -> Result:
    days = content["days"]
    return Result(
        number=trial.number,
        params=trial.params,
        replicates=tuple(_replicate(row) for row in content["seeds"]),
        dates={split: np.asarray(days[split]["date"], dtype="datetime64[D]") for split in SPLITS},
        actual={split: np.asarray(days[split]["actual"], dtype=float) for split in SPLITS},
        train={name: _number(value) for name, value in content["train"].items()},
        baselines=_baselines(content["baselines"], artifacts),
    )


def _replicate(row: Mapping[str, Any]) -> Replicate:
    return Replicate(
        row["seed"],
        {name: _number(value) for name, value in row["metrics"].items()},
        row["curves"],
        {split: np.asarray(row["forecast"][split], dtype=float) for split in SPLITS},
    )


def _baselines(key: str, artifacts: Artifacts) -> dict[str, dict[str, Array]]:
    found: dict[str, dict[str, Array]] = {}
    arrays, _ = kept.baselines(artifacts.directory).get(key) or ({}, {})
    for label, values in arrays.items():
        name, split = label.split(".")
        found.setdefault(name, {})[split] = values
    return found


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
