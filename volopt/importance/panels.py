"""Which trials and parameters belong together: a panel for each phase, and one for what several phases varied."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Definition, Phase, Scalar
from volopt.metrics import Array
from volopt.studies import listing
from volopt.studies.attributes import PHASE

POOLED = "all phases"
ERRORS = ("valid_mse", "valid_log_mse")  # metrics whose logarithm is analysed: effects multiply an error
MAX_VALUE = 1e100  # of a seed; the squares of larger ones overflow
BEST_SHARE, MIN_BEST = 0.1, 8  # the best trials: this share of all, but at least so many


@dataclass(frozen=True)
class SeededTrial:
    """Hold a COMPLETE trial with the objective of each seed, errors as their logarithm."""

    phases: Sequence[str]  # the phase that proposed it, and the grids that contain its point
    proposed_by: str
    params: Mapping[str, Scalar]  # every key of ``[space]``
    seeds: Array

    @property
    def value(self) -> float:
        """Return the mean over the seeds."""
        return float(self.seeds.mean())


@dataclass(frozen=True)
class PhaseTrials:
    """Hold trials and the parameters that vary among them by design."""

    phase: str
    parameters: Sequence[str]
    trials: Sequence[SeededTrial]


def seeded_trials(study: optuna.Study, definition: Definition) -> tuple[list[SeededTrial], int]:
    """Return the COMPLETE trials whose seeds all have a usable value, and the number of the other COMPLETE trials.

    Trials of an older volopt have no scores by seed; their value counts as one seed.
    """
    membership = listing.PhaseMembership(definition)
    complete = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE]
    trials = [_seeded(trial, definition, membership) for trial in complete]
    usable = [trial for trial in trials if (np.abs(trial.seeds) <= MAX_VALUE).all()]  # NaN is not
    return usable, len(trials) - len(usable)


def phase_panel(phase: Phase, trials: Sequence[SeededTrial]) -> PhaseTrials:
    """Return the trials of a phase, and those of its keys that took several values."""
    own = [trial for trial in trials if phase.name in trial.phases]
    keys = phase.grid if phase.is_grid else phase.vary
    return PhaseTrials(phase.name, [key for key in keys if _varies(key, own)], own)


def pooled_panel(
    panels: Sequence[PhaseTrials], trials: Sequence[SeededTrial], maximizes: bool
) -> tuple[PhaseTrials, list[str]]:
    """Return the parameters that several phases varied, with these phases' trials, and those that are confounded.

    A parameter is confounded by design if the phases of most of the best trials held it: whether these trials are good
    for its value or for what their phases varied, no analysis can tell.
    """
    varied = {panel.phase: set(panel.parameters) for panel in panels}
    keys = list(dict.fromkeys(key for panel in panels for key in panel.parameters))
    best = sorted(trials, key=lambda trial: -trial.value if maximizes else trial.value)
    best = best[: max(MIN_BEST, math.ceil(BEST_SHARE * len(best)))]

    def held(key: str) -> bool:
        return sum(key not in varied.get(trial.proposed_by, ()) for trial in best) > len(best) / 2

    confounded = [key for key in keys if held(key)]
    shared = [key for key in keys if key not in confounded and sum(key in own for own in varied.values()) > 1]
    pool = [trial for trial in trials if varied.get(trial.proposed_by, set()) & set(shared)]
    return PhaseTrials(POOLED, shared, pool), confounded


def grid_table(phase: Phase, definition: Definition, panel: PhaseTrials) -> Array | None:
    """Return the factorial table of a grid, or None if a point has no COMPLETE trial with all seeds.

    It has an axis for each of the panel's parameters, and the seeds as its last axis. Of several trials of a point the
    first counts.
    """
    seeds = max((trial.seeds.size for trial in panel.trials), default=0)
    whole = [trial for trial in panel.trials if trial.seeds.size == seeds]
    by_point = {tuple(trial.params.values()): trial.seeds for trial in reversed(whole)}
    sizes = [len(values) for values in phase.grid.values()]
    if len(by_point) < math.prod(sizes):
        return None
    points = [tuple(point[key] for key in definition.space) for point in phase.points(definition)]
    if not by_point.keys() >= set(points):  # others may have queued a trial beside the grid
        return None
    axes = [size for size in sizes if size > 1]
    return np.array([by_point[point] for point in points]).reshape(*axes, seeds)


def _seeded(trial: FrozenTrial, definition: Definition, membership: listing.PhaseMembership) -> SeededTrial:
    metric, proposed_by = definition.objective.metric, trial.user_attrs.get(PHASE, "")
    scores = [seed.get(metric) for seed in listing.seeds(trial)] or [trial.value]
    seeds = np.array([math.nan if score is None else score for score in scores], dtype=float)
    if metric in ERRORS:
        seeds = np.log(seeds, out=np.full_like(seeds, np.nan), where=seeds > 0)
    values = definition.defaults() | trial.params
    params = {key: values[key] for key in definition.space}
    return SeededTrial(membership.phases(trial.params, proposed_by), proposed_by, params, seeds)


def _varies(key: str, trials: Sequence[SeededTrial]) -> bool:
    return len({trial.params[key] for trial in trials}) > 1
