"""Read stored trials as numbers, for claims and comparisons."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.trial import FrozenTrial

from volopt.baselines.forecasts import SCORED
from volopt.baselines.methods import BASELINES
from volopt.definition.schema import Scalar
from volopt.errors import StudyError
from volopt.metrics import Array
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.studies import trial_file
from volopt.studies.trial_file import InstrumentRows, StoredSeed, TrialFile

RERUN = "run the study again under another --name: volopt reuses the stored fits and writes the files again"


class NotFoundError(Exception):
    """Report that a study lacks what a claim needs, for example a COMPLETE trial."""


class DamagedFileError(NotFoundError, StudyError):
    """Report that the file of a trial is missing or damaged."""


class SeedResult(NamedTuple):
    """Hold the results of one seed of a trial."""

    seed: int
    metrics: Mapping[str, float]  # NaN if a metric is not defined
    curves: Mapping[str, Any]  # the names of ``training.curves``
    forecast: Mapping[str, Array]  # by split, shape: (days,), original units


@dataclass(frozen=True)
class TrialResult:
    """Hold the results of one COMPLETE trial, with days and quantities as in ``storage.artifacts``.

    In a panel, the days of a split belong to one instrument after another, as ``instruments`` says.
    """

    number: int
    params: Mapping[str, Scalar]
    seeds: tuple[SeedResult, ...]
    dates: Mapping[str, NDArray[np.datetime64]]  # by split, shape: (days,)
    actual: Mapping[str, Array]  # by split, shape: (days,), original units
    train: Mapping[str, float]  # mean, std and log_floor (``metrics.log_floor``) of the train target
    instruments: Mapping[str, Sequence[InstrumentRows]]  # by split, in the order of the days
    baselines: Mapping[str, Mapping[str, Array]]  # by name and split, shape: (days,); empty if they are not stored

    def ensemble(self, split: str) -> Array:
        """Return the mean of the seeds' forecasts, shape (days,)."""
        mean: Array = np.mean([seed.forecast[split] for seed in self.seeds], axis=0)
        return mean


def read_trial(study: optuna.Study, trial: FrozenTrial, artifacts: Artifacts) -> TrialResult:
    """Return the results of a COMPLETE trial.

    Raises:
        DamagedFileError: its artifact is missing, broken, or of an older volopt.
    """
    file = trial_file.read(study, trial, artifacts)
    if file is None or not all(seed.forecast for seed in file.seeds):
        raise DamagedFileError(
            f"the curves and forecasts of trial {trial.number} of {study.study_name} are missing, broken or of an "
            "older volopt",
            RERUN,
        )
    return TrialResult(
        number=trial.number,
        params=trial.params,
        seeds=tuple(map(_seed_result, file.seeds)),
        dates={split: np.asarray(file.days[split].date, dtype="datetime64[D]") for split in SCORED},
        actual={split: np.asarray(file.days[split].actual, dtype=float) for split in SCORED},
        train={name: _number(value) for name, value in dict(file.train).items()},
        instruments={split: file.instrument_rows(split) for split in SCORED},
        baselines=baseline_forecasts(file, artifacts),
    )


def _seed_result(seed: StoredSeed) -> SeedResult:
    return SeedResult(
        seed.seed,
        defaultdict(lambda: math.nan, {name: _number(value) for name, value in seed.metrics.items()}),
        dict(seed.curves),
        {split: np.asarray(values, dtype=float) for split, values in seed.forecast.items()},
    )


def baseline_forecasts(file: TrialFile, artifacts: Artifacts) -> dict[str, dict[str, Array]]:
    """Return the stored forecasts of the baselines that have one for each day."""
    arrays, _ = array_store.baselines(*artifacts.directories).get(file.baselines) or ({}, {})
    days = {split: len(file.days[split].date) for split in SCORED}
    return {
        name: {split: np.asarray(arrays[f"{name}.{split}"], dtype=float) for split in SCORED}
        for name in BASELINES
        if all(_is_column(arrays.get(f"{name}.{split}"), days[split]) for split in SCORED)
    }


def _is_column(values: NDArray[Any] | None, days: int) -> bool:
    return values is not None and values.shape == (days,) and values.dtype.kind == "f"


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
