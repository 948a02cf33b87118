"""List studies and trials as plain facts, which ``--json`` prints."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Definition, Phase, Scalar
from volopt.storage.artifacts import Artifacts
from volopt.studies import study as studies
from volopt.studies import trial_file
from volopt.studies.attributes import PHASE, REASON, SCORES, finite
from volopt.studies.space import Params, fixed_params

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
    "running": TrialState.RUNNING,
    "waiting": TrialState.WAITING,
}
_NOT_METRICS = frozenset({PHASE, REASON})


def counts(study: optuna.Study) -> dict[str, int]:
    """Return the number of trials in each state."""
    numbers = Counter(trial.state for trial in study.get_trials(deepcopy=False))
    return {name: numbers[state] for name, state in STATES.items()}


def best(study: optuna.Study) -> dict[str, Any] | None:
    """Return number, value and parameters of the best trial, or None while no trial is COMPLETE."""
    if not counts(study)["complete"]:
        return None
    trial = study.best_trial
    return {"number": trial.number, "value": trial.value, "params": trial.params}


def summary(study: optuna.Study, definition: Definition) -> dict[str, Any]:
    """Return the facts of ``volopt status`` about a study."""
    ledger = studies.ledger(study, definition)
    phases = []
    for phase in definition.phases:
        done, total = ledger.progress(phase, definition)
        known = ledger.known[phase.name]
        phases.append({"name": phase.name, "sampler": phase.sampler, "done": done, "total": total, "known": known})
    return {
        "name": study.study_name,
        "title": definition.title,
        "data": studies.data_of(study).model_dump(exclude={"reader"}),
        "trials": counts(study),
        "phases": phases,
        "best": best(study),
        "baselines": studies.baselines(study),
    }


def known_sentences(phases: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return in plain words how many proposals were known, for the phases of a summary that had any."""
    return [
        f'Known proposals of "{phase["name"]}": {phase["known"]}. The study already had these points; it took their '
        "results and asked for others."
        for phase in phases
        if phase["known"]
    ]


def metrics(trial: FrozenTrial) -> dict[str, float | None]:
    """Return the means over a trial's seeds, and the scores of their mean forecast."""
    own = {name: value for name, value in trial.user_attrs.items() if name not in _NOT_METRICS}
    return {**own, **trial.system_attrs.get(SCORES, {}).get("skills", {})}


def seeds(trial: FrozenTrial) -> list[dict[str, Any]]:
    """Return the scores of each seed of a trial; of a pruned one, its losses so far."""
    scores: list[dict[str, Any]] = trial.system_attrs.get(SCORES, {}).get("seeds", [])
    return scores


def periods(trial: FrozenTrial) -> list[dict[str, Any]]:
    """Return the scores of a COMPLETE trial in each of several valid periods, with their first and last days."""
    scores: list[dict[str, Any]] = trial.system_attrs.get(SCORES, {}).get("periods", [])
    return scores


def instruments(study: optuna.Study, number: int, artifacts: Artifacts) -> list[dict[str, Any]]:
    """Return the scores of a trial's mean forecast on each instrument; empty where its file does not hold them."""
    file = trial_file.read(study, study.get_trials(deepcopy=False)[number], artifacts)
    return [{"instrument": scores.instrument, **scores.metrics} for scores in file.instruments] if file else []


class PhaseMembership:
    """Find the phases that a trial counts in."""

    def __init__(self, definition: Definition) -> None:
        self._grids = {phase.name: _grid_values(phase, definition) for phase in definition.phases}

    def phases(self, params: Params, asked_by: str | None) -> list[str]:
        """Return the grids that contain the point, and the phase that asked for it."""
        return [name for name, grid in self._grids.items() if name == asked_by or _contains(grid, params)]


def _grid_values(phase: Phase, definition: Definition) -> dict[str, frozenset[Scalar]]:
    """Return the values of each key of ``[space]`` in a grid; listing its points would take seconds for a large one."""
    if not phase.is_grid:
        return {}
    fixed = {key: frozenset([value]) for key, value in fixed_params(phase, definition, {}).items()}
    return fixed | {key: frozenset(values) for key, values in phase.grid.items()}


def _contains(grid: Mapping[str, frozenset[Scalar]], params: Params) -> bool:
    return bool(grid) and params.keys() == grid.keys() and all(params[key] in grid[key] for key in grid)


def trials(study: optuna.Study, definition: Definition) -> list[dict[str, Any]]:
    """Return the facts of ``volopt trials`` about each trial, by number."""
    membership = PhaseMembership(definition)
    return [_trial(trial, membership) for trial in study.get_trials(deepcopy=False)]


def _trial(trial: FrozenTrial, membership: PhaseMembership) -> dict[str, Any]:
    attributes = trial.user_attrs
    return {
        "number": trial.number,
        "state": trial.state.name,
        "phases": membership.phases(trial.params, attributes.get(PHASE)),
        "params": trial.params,
        "value": finite(trial.value),
        "metrics": metrics(trial),
        "seeds": seeds(trial),
        "seconds": trial.duration.total_seconds() if trial.duration is not None else None,
        "reason": attributes.get(REASON),
        **({"periods": by_period} if (by_period := periods(trial)) else {}),
    }
