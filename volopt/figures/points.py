"""The COMPLETE trials of a study as points: what each was asked to be, and what it scored."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

from volopt.definition.schema import Scalar
from volopt.figures import colours, words
from volopt.figures.chart import ReferenceLine
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.attributes import PHASE
from volopt.studies.best_trial import best_baseline

OTHER = "no phase"  # the phase of trials that no phase asked for


class ScoredTrial(NamedTuple):
    """A COMPLETE trial with a finite value."""

    number: int
    value: float
    params: Mapping[str, Scalar]  # every key of ``[space]``
    phase: str
    text: str  # about it, for who points at it


def scored(subject: StudyView) -> list[ScoredTrial]:
    """Return the COMPLETE trials that have a finite value, by number.

    Raises:
        NothingToPlotError: there is none.
    """
    metric = subject.definition.objective.metric
    found = []
    for trial in sorted(subject.complete, key=lambda trial: trial.number):
        if trial.value is not None and math.isfinite(trial.value):
            params = {key: subject.values(trial)[key] for key in subject.definition.space}
            phase = trial.user_attrs.get(PHASE, OTHER)
            text = f"trial {trial.number}, {phase}\n{metric} {trial.value:.4g}\n{words.params(params)}"
            found.append(ScoredTrial(trial.number, trial.value, params, phase, text))
    if not found:
        raise nothing(subject)
    return found


def worst_first(subject: StudyView, trials: list[ScoredTrial]) -> list[ScoredTrial]:
    """Return trials in the order in which they are drawn, so that the best lie on top."""
    upward = subject.definition.objective.direction == "maximize"
    return sorted(trials, key=lambda trial: trial.value, reverse=not upward)


def baseline_rule(subject: StudyView, metric: str) -> ReferenceLine | None:
    """Return the best baseline's score as a line, or None where it has none."""
    name = best_baseline(subject.baselines)
    score = subject.baselines[name].get(metric) if name else None
    if name is None or score is None:
        return None
    return ReferenceLine(score, words.best_baseline(name), colours.BASELINES[name])


def phase_colours(subject: StudyView) -> dict[str, str]:
    """Return a colour for each phase, none of them the best baseline's."""
    taken = colours.BASELINES.get(best_baseline(subject.baselines) or "")
    free = [colour for colour in colours.SERIES if colour not in (taken, colours.GREY)]
    names = [phase.name for phase in subject.definition.phases]
    return {name: free[number % len(free)] for number, name in enumerate(names)} | {OTHER: colours.GREY}


def nothing(subject: StudyView) -> NothingToPlotError:
    """Return what to say of a study without such trials."""
    if not subject.trials:
        return NothingToPlotError(f'the study "{subject.name}" has no trials yet', "run it first")
    states = Counter(trial.state.name for trial in subject.trials)
    told = ", ".join(f"{count} {state}" for state, count in states.items())
    return NothingToPlotError(
        f"no trial of {subject.name} is COMPLETE with a finite value ({told})",
        f"`volopt trials {subject.name}` tells of each",
    )
