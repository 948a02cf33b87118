"""Stored trials as numbers: what a claim or a comparison looks at."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from volopt.baselines.forecasts import BASELINES
from volopt.definition.schema import Scalar
from volopt.errors import StudyError
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.studies import trial_file
from volopt.studies.trial_file import InstrumentRows, StoredDays, StoredSeed, TrialFile

Array = NDArray[np.float64]
SPLITS = ("valid", "test")


class NotFoundError(Exception):
    """A study has not what a claim looks for in it, such as a COMPLETE trial."""


class DamagedFileError(NotFoundError, StudyError):
    """The trial is there, and the file that it left is not."""


class SeedResult(NamedTuple):
    """One seed of a trial."""

    seed: int
    metrics: Mapping[str, float]  # NaN where a metric is not defined
    curves: Mapping[str, Any]  # the names of ``training.curves``
    forecast: Mapping[str, Array]  # by split, shape: (days,), original units


@dataclass(frozen=True)
class TrialResult:
    """One COMPLETE trial with all its seeds; days and quantities as in ``storage.artifacts``.

    Of a panel the days of a split are those of one instrument after another, as ``parts`` says.
    """

    number: int
    params: Mapping[str, Scalar]
    replicates: tuple[SeedResult, ...]
    dates: Mapping[str, NDArray[np.datetime64]]  # by split, shape: (days,)
    actual: Mapping[str, Array]  # by split, shape: (days,), original units
    train: Mapping[str, float]  # of the train target: mean, std, and log_floor (``metrics.log_floor``)
    baselines: Mapping[str, Mapping[str, Array]]  # by name and split, shape: (days,); empty where they are gone
    parts: Mapping[str, Sequence[InstrumentRows]] = field(
        default_factory=dict
    )  # by split; none: all days are of one instrument

    def shares(self, split: str) -> Sequence[InstrumentRows]:
        """Return whose the days of a split are, in their order."""
        whole = InstrumentRows("", slice(0, len(self.actual[split])), self.train["log_floor"])
        return self.parts.get(split) or [whole]

    def ensemble(self, split: str) -> Array:
        """Return the mean of the seeds' forecasts, shape (days,)."""
        mean: Array = np.mean([replicate.forecast[split] for replicate in self.replicates], axis=0)
        return mean


def read(study: optuna.Study, trial: FrozenTrial, artifacts: Artifacts) -> TrialResult:
    """Return a COMPLETE trial's numbers.

    Raises:
        BrokenError: its artifact is missing, broken, or of an older volopt.
    """
    found = trial_file.read(study, trial, artifacts)
    if found is None or not all(seed.forecast for seed in found.seeds):
        raise DamagedFileError(
            f"the curves and forecasts of trial {trial.number} of {study.study_name} are missing, broken or of an "
            "older volopt",
            "run the study again under another --name: it takes the fits that are kept and writes them anew",
        )
    days = {split: found.days[split] for split in SPLITS}
    return TrialResult(
        number=trial.number,
        params=trial.params,
        replicates=tuple(map(_replicate, found.seeds)),
        dates={split: np.asarray(each.date, dtype="datetime64[D]") for split, each in days.items()},
        actual={split: np.asarray(each.actual, dtype=float) for split, each in days.items()},
        train={name: _number(value) for name, value in dict(found.train).items()},
        baselines=_baselines(found, artifacts),
        parts={split: found.shares(split) for split in SPLITS},
    )


class _Metrics(dict[str, float]):
    """Metrics, NaN where there is none of a name."""

    def __missing__(self, name: str) -> float:
        return math.nan


def _replicate(seed: StoredSeed) -> SeedResult:
    return SeedResult(
        seed.seed,
        _Metrics({name: _number(value) for name, value in seed.metrics.items()}),
        dict(seed.curves),
        {split: np.asarray(values, dtype=float) for split, values in seed.forecast.items()},
    )


def _baselines(found: TrialFile, artifacts: Artifacts) -> dict[str, dict[str, Array]]:
    """Return the kept forecasts of those baselines that have one for each day."""
    arrays, _ = array_store.baselines(*artifacts.directories).get(found.baselines) or ({}, {})
    forecasts = {name: {split: arrays.get(f"{name}.{split}") for split in SPLITS} for name in BASELINES}
    return {
        name: {split: np.asarray(values, dtype=float) for split, values in each.items()}
        for name, each in forecasts.items()
        if all(_fits(each[split], found.days[split]) for split in SPLITS)
    }


def _fits(values: NDArray[Any] | None, days: StoredDays) -> bool:
    return values is not None and values.shape == (len(days.date),) and values.dtype.kind == "f"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
