"""Read what was measured of each COMPLETE trial: the error of each seed, and the losses of the valid days.

The errors of a trial on drawn days follow from its daily losses. A loss must be proportional to the metric:

- ``valid_log_mse`` and ``valid_log_r2`` come from squared log errors (1 − R² is their mean over that of the target's
  squared deviations);
- ``valid_mse`` comes from squared errors of the target as it is transformed: logarithms, or original units. A trial
  file does not hold the scale of each instrument of a panel, so panels use squared log errors.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.comparison.comparands import DailyLosses, log_deviations, log_losses
from volopt.comparison.trial_results import DamagedFileError, TrialResult, read_trial
from volopt.definition.schema import Definition, Scalar
from volopt.errors import StudyError
from volopt.metrics import Array
from volopt.models.cells import count_weights
from volopt.selection.noise import MIN_DAYS
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.attributes import ConfirmedSeed
from volopt.studies.space import Point, point
from volopt.windows.split import Dates

MAX_TRIALS = 100  # that are drawn, the best ones; reading a trial's days takes 15 ms
LEAST_ERROR, MOST_ERROR = 1e-30, 1e100  # an error of 0 has no logarithm, and the square of a larger one overflows


@dataclass(frozen=True)
class Measurement:
    """Hold what was measured of one trial."""

    trial: FrozenTrial
    errors: Array  # of each seed, lower is better, shape: (seeds,)
    losses: DailyLosses | None  # mean over the seeds; None if its file does not have them
    deviations: DailyLosses | None  # of the target, if the metric is R²
    confirmed: int  # seeds that ``volopt best --confirm`` added
    weights: int
    seconds: float | None  # of a fit: the trial's time divided by its seeds

    @property
    def log_error(self) -> float:
        """Return the logarithm of the mean error."""
        return float(np.log(self.errors.mean()))


@dataclass(frozen=True)
class Days:
    """Hold the losses of the trials on the valid days that all of them have."""

    numbers: Sequence[int]  # of the trials
    losses: Array  # shape: (trials, days)
    deviations: Array  # of the target, shape: (days,); ones if the metric is not R²


def is_r2(definition: Definition) -> bool:
    """Return whether the objective is R², whose error is 1 − R²."""
    return definition.objective.metric == "valid_log_r2"


def measure(study: optuna.Study, definition: Definition, artifacts: Artifacts) -> list[Measurement]:
    """Return the measurements of the COMPLETE trials, the best first; of those after ``MAX_TRIALS`` without losses.

    Raises:
        StudyError: no trial is COMPLETE.
    """
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        raise StudyError(f"no trial of {study.study_name} is COMPLETE yet", "`volopt run` resumes the study")
    sign = 1 if definition.objective.direction == "minimize" else -1
    ranked = sorted(complete, key=lambda trial: sign * (trial.value or 0.0))
    added = confirmed_seeds(study, ranked)
    return [
        _measurement(study, definition, artifacts, trial, added[point(trial.params)], reads_days=rank < MAX_TRIALS)
        for rank, trial in enumerate(ranked)
    ]


def confirmed_seeds(study: optuna.Study, trials: Sequence[FrozenTrial]) -> Mapping[Point, Sequence[ConfirmedSeed]]:
    """Return the seeds that were added to these trials, by configuration; equal ones share their fits."""
    params = {trial.number: trial.params for trial in trials}
    added: dict[Point, list[ConfirmedSeed]] = defaultdict(list)
    for seed in studies.confirmed(study):
        if seed.trial in params:
            added[point(params[seed.trial])].append(seed)
    return added


def common_days(measurements: Sequence[Measurement]) -> Days | None:
    """Return the losses on the days that all trials with losses have; None if these are too few."""
    known = [each for each in measurements if each.losses is not None]
    if not known:
        return None
    columns = [each.losses for each in known if each.losses is not None]
    days: Dates = reduce(np.intersect1d, [column.dates for column in columns])
    if len(days) < MIN_DAYS:
        return None
    losses = np.stack([_on(days, column) for column in columns])
    usable = np.isfinite(losses).all(axis=1) & (losses.mean(axis=1) > 0)
    deviations = known[0].deviations
    return Days(
        [each.trial.number for each, is_usable in zip(known, usable, strict=True) if is_usable],
        losses[usable],
        np.ones(len(days)) if deviations is None else _on(days, deviations),
    ) if usable.any() else None  # fmt: skip


def _on(days: Dates, column: DailyLosses) -> Array:
    values: Array = column.values[np.searchsorted(column.dates, days)]
    return values


def _measurement(
    study: optuna.Study,
    definition: Definition,
    artifacts: Artifacts,
    trial: FrozenTrial,
    added: Sequence[ConfirmedSeed],
    *,
    reads_days: bool,
) -> Measurement:
    metric = definition.objective.metric
    known = [value for seed in listing.seeds(trial) if (value := seed.get(metric)) is not None]
    values = np.array([*(known or [trial.value]), *(seed.value for seed in added)], dtype=float)
    errors = np.clip(1 - values if is_r2(definition) else values, LEAST_ERROR, MOST_ERROR)
    losses, deviations = _daily(study, definition, artifacts, trial, added) if reads_days else (None, None)
    duration = trial.duration
    return Measurement(
        trial,
        errors,
        losses,
        deviations,
        len(added),
        weights(definition, trial.params),
        duration.total_seconds() / definition.fits if duration is not None else None,
    )


def weights(definition: Definition, params: Mapping[str, Scalar]) -> int:
    """Return the number of weights of a trial's network."""
    values = {**definition.defaults(), **params}
    return count_weights(
        str(values["cell"]),
        features=len(definition.data.features),
        hidden_size=int(values["hidden_size"]),
        num_layers=int(values["num_layers"]),
        batch_norm=bool(values["batch_norm"]),
        head_outputs=definition.published.head_outputs if definition.published else 1,
        static_inputs=len(definition.data.static) if values["static"] == "branch" else 0,
    )


def _daily(
    study: optuna.Study,
    definition: Definition,
    artifacts: Artifacts,
    trial: FrozenTrial,
    added: Sequence[ConfirmedSeed],
) -> tuple[DailyLosses | None, DailyLosses | None]:
    """Return the mean losses of the seeds, and the target's deviations if the metric is R²."""
    try:
        result = read_trial(study, trial, artifacts)
    except DamagedFileError:
        return None, None
    forecasts = [seed.forecast["valid"] for seed in result.seeds]
    forecasts += [forecast for seed in added if (forecast := _forecast(artifacts, seed, result)) is not None]
    losses = [_losses(result, forecast, definition) for forecast in forecasts]
    mean = DailyLosses(losses[0].dates, np.mean([each.values for each in losses], axis=0))
    return mean, log_deviations(result, "valid") if is_r2(definition) else None


def _losses(result: TrialResult, forecast: Array, definition: Definition) -> DailyLosses:
    data = definition.data
    if definition.objective.metric == "valid_mse" and data.transform == "none" and not data.is_panel:
        order = np.argsort(result.dates["valid"], kind="stable")
        return DailyLosses(result.dates["valid"][order], ((forecast - result.actual["valid"]) ** 2)[order])
    return log_losses(result, "valid", forecast)


def _forecast(artifacts: Artifacts, seed: ConfirmedSeed, result: TrialResult) -> Array | None:
    """Return the valid forecasts of an added seed, or None where a fit is gone; its value then counts alone.

    The trial has its days by instrument and then by period; each fit has those of one period, by instrument.
    """
    store = array_store.ArrayStore(*(directory / "fits" for directory in artifacts.directories))
    stored = [store.get(key) for key in seed.keys]
    columns = [fit[0].get("forecast.valid", np.empty(0)) for fit in stored if fit]
    rows = [rows for _, rows, _ in result.instruments["valid"]]
    if len(columns) < len(seed.keys) or sum(map(len, columns)) != rows[-1].stop:
        return None
    pieces = []
    for index, days in enumerate(rows):
        period = index % len(columns)
        piece, columns[period] = np.split(columns[period], [days.stop - days.start])
        pieces.append(piece)
    return np.concatenate(pieces).astype(float)
