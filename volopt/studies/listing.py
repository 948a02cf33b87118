"""Studies and trials as plain facts, the ones that ``--json`` prints."""

from collections import Counter
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Definition
from volopt.storage.artifacts import Artifacts
from volopt.studies import study as studies
from volopt.studies import trial_file
from volopt.studies.attributes import PHASE, REASON, SCORES, finite
from volopt.studies.phases import PhaseMembership, progress

STATES = ("complete", "pruned", "failed", "running", "waiting")
_NOT_METRICS = frozenset({PHASE, REASON})


def counts(study: optuna.Study) -> dict[str, int]:
    """Return the number of trials in each state."""
    found = Counter(trial.state for trial in study.get_trials(deepcopy=False))
    states = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL, TrialState.RUNNING, TrialState.WAITING)
    return {name: found[state] for name, state in zip(STATES, states, strict=True)}


def best(study: optuna.Study) -> dict[str, Any] | None:
    """Return number, value and parameters of the best trial, or None while no trial is COMPLETE."""
    if not counts(study)["complete"]:
        return None
    trial = study.best_trial
    return {"number": trial.number, "value": trial.value, "params": trial.params}


def summary(study: optuna.Study, definition: Definition) -> dict[str, Any]:
    """Return what ``status`` says of a study."""
    ledger = studies.ledger(study, definition)
    phases = []
    for phase in definition.phases:
        done, total = progress(phase, definition, ledger)
        phases.append({"name": phase.name, "sampler": phase.sampler, "done": done, "total": total})
    data = {key: value for key, value in studies.data_of(study).items() if key != "reader"}
    return {
        "name": study.study_name,
        "title": definition.title,
        "data": data,
        "trials": counts(study),
        "phases": phases,
        "best": best(study),
        "baselines": studies.baselines(study),
    }


def metrics(trial: FrozenTrial) -> dict[str, float | None]:
    """Return the means over a trial's seeds, and the scores of the mean of their forecasts."""
    plain = {name: value for name, value in trial.user_attrs.items() if name not in _NOT_METRICS}
    return {**plain, **trial.system_attrs.get(SCORES, {}).get("skills", {})}


def seeds(trial: FrozenTrial) -> list[dict[str, Any]]:
    """Return the scores of each seed of a trial; of a pruned one, its losses so far."""
    found: list[dict[str, Any]] = trial.system_attrs.get(SCORES, {}).get("seeds", [])
    return found


def instruments(study: optuna.Study, number: int, artifacts: Artifacts) -> list[dict[str, Any]]:
    """Return how the mean of a trial's forecasts does on each instrument; nothing where its file does not say."""
    left = trial_file.read(study, study.get_trials(deepcopy=False)[number], artifacts)
    return [{"instrument": each.instrument, **each.metrics} for each in left.instruments] if left else []


def trials(study: optuna.Study, definition: Definition) -> list[dict[str, Any]]:
    """Return what ``trials`` says of each trial, by number."""
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
    }
