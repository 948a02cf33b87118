"""The COMPLETE trials with a finite value, and what figures of them share: phase colours and the best baseline."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Scalar
from volopt.figures import colours, words
from volopt.figures.chart import ReferenceLine
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.attributes import PHASE
from volopt.studies.best_trial import best_baseline

NO_PHASE = "no phase"  # the phase of trials that no phase proposed


class ScoredTrial(NamedTuple):
    """Hold a COMPLETE trial with a finite value."""

    number: int
    value: float
    params: Mapping[str, Scalar]  # every key of ``[space]``
    phase: str
    text: str  # hover text


def scored_trials(view: StudyView) -> list[ScoredTrial]:
    """Return the COMPLETE trials that have a finite value, by number.

    Raises:
        NothingToPlotError: there is none.
    """
    scored = []
    for trial in sorted(view.complete, key=lambda trial: trial.number):
        if trial.value is not None and math.isfinite(trial.value):
            params, phase = view.space_values(trial), phase_of(trial)
            text = f"trial {trial.number}, {phase}\n{view.metric} {trial.value:.4g}\n{words.params(params)}"
            scored.append(ScoredTrial(trial.number, trial.value, params, phase, text))
    if not scored:
        raise no_scored_trial(view)
    return scored


def worst_first(view: StudyView, trials: list[ScoredTrial]) -> list[ScoredTrial]:
    """Return trials in drawing order: the best last, on top of the others."""
    return sorted(trials, key=lambda trial: trial.value, reverse=not view.maximizes)


def phase_of(trial: FrozenTrial) -> str:
    """Return the phase that proposed a trial."""
    phase: str = trial.user_attrs.get(PHASE, NO_PHASE)
    return phase


def phase_colours(view: StudyView) -> dict[str, str]:
    """Return a colour for each phase, different from the best baseline's."""
    baseline = colours.BASELINES.get(best_baseline(view.baselines) or "")
    free = [colour for colour in colours.SERIES if colour not in (baseline, colours.GREY)]
    names = [phase.name for phase in view.definition.phases]
    return {name: free[i % len(free)] for i, name in enumerate(names)} | {NO_PHASE: colours.GREY}


def baseline_line(view: StudyView, metric: str) -> ReferenceLine | None:
    """Return the best baseline's score as a line, or None if it has none."""
    name = best_baseline(view.baselines)
    score = view.baselines[name].get(metric) if name else None
    if name is None or score is None:
        return None
    return ReferenceLine(score, words.best_baseline_name(name), colours.BASELINES[name])


def pruned_values(view: StudyView) -> dict[int, tuple[str, float]]:
    """Return phase and last reported value of the PRUNED trials, by number."""
    return {
        trial.number: (phase_of(trial), trial.value)
        for trial in view.trials
        if trial.state == TrialState.PRUNED and trial.value is not None and math.isfinite(trial.value)
    }


def values_of_study(view: StudyView) -> list[float]:
    """Return the finite values of the objective of COMPLETE and PRUNED trials and of the best baseline."""
    complete = [trial.value for trial in view.complete if trial.value is not None and math.isfinite(trial.value)]
    baseline = baseline_line(view, view.metric)
    return [*complete, *(value for _, value in pruned_values(view).values()), *([baseline.y] if baseline else [])]


def count_states(trials: Iterable[FrozenTrial]) -> str:
    """Return the number of trials in each state: ``2 FAIL, 1 RUNNING``."""
    counts = Counter(trial.state.name for trial in trials)
    return ", ".join(f"{count} {state}" for state, count in counts.items())


def no_scored_trial(view: StudyView) -> NothingToPlotError:
    """Return the error of a study without scored trials."""
    if not view.trials:
        return NothingToPlotError(f'the study "{view.name}" has no trials yet', "run it first")
    return NothingToPlotError(
        f"no trial of {view.name} is COMPLETE with a finite value ({count_states(view.trials)})",
        f"`volopt trials {view.name}` lists its trials",
    )
