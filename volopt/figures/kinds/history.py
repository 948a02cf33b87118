"""The value of each trial in the order of their numbers, and the best so far."""

import math
from collections import Counter
from itertools import accumulate

from optuna.trial import TrialState

from volopt.figures import colours
from volopt.figures.axes import objective, trial_axis
from volopt.figures.chart import Chart, Line, Mark, Points, Subplot
from volopt.figures.points import OTHER, ScoredTrial, baseline_rule, phase_colours, scored
from volopt.figures.study_view import StudyView
from volopt.studies.attributes import PHASE

BEST = "best so far"


def chart(subject: StudyView) -> Chart:
    """Return the values of COMPLETE trials by phase, where PRUNED ones ended, and the best baseline."""
    trials, pruned = scored(subject), _pruned(subject)
    rule = baseline_rule(subject, subject.definition.objective.metric)
    marks: list[Mark] = [rule] if rule else []
    marks.append(_best(subject, trials))
    for phase, colour in phase_colours(subject).items():
        some = [trial for trial in trials if trial.phase == phase]
        if some:
            numbers, values = [trial.number for trial in some], [trial.value for trial in some]
            marks.append(Points(numbers, values, phase, colour, hover=[trial.text for trial in some]))
        ended = {number: value for number, (of, value) in pruned.items() if of == phase}
        if ended:
            hover = [f"trial {number}, {phase}\nPRUNED at {value:.4g}" for number, value in ended.items()]
            name = f"{phase}, value when PRUNED"
            marks.append(Points(list(ended), list(ended.values()), name, colour, hover=hover, symbol="x"))
    values = [trial.value for trial in trials] + [value for _, value in pruned.values()]
    drawn = objective(subject, [*values, rule.y] if rule else values)
    return Chart(
        f"{subject.definition.objective.metric} of each trial",
        [Subplot(trial_axis(subject.trials[-1].number), drawn.axis, marks)],
        subtitle=subject.about,
        notes=(*subject.notes, *drawn.notes, *_without(subject, {trial.number for trial in trials} | pruned.keys())),
        row_height=460,
    )


def _best(subject: StudyView, trials: list[ScoredTrial]) -> Line:
    better = max if subject.definition.objective.direction == "maximize" else min
    so_far = list(accumulate((trial.value for trial in trials), better))
    last = subject.trials[-1].number
    return Line([*(trial.number for trial in trials), last], [*so_far, so_far[-1]], BEST, colours.ACTUAL, step=True)


def _pruned(subject: StudyView) -> dict[int, tuple[str, float]]:
    """Return phase and last reported value of the PRUNED trials, by number."""
    return {
        trial.number: (trial.user_attrs.get(PHASE, OTHER), trial.value)
        for trial in subject.trials
        if trial.state == TrialState.PRUNED and trial.value is not None and math.isfinite(trial.value)
    }


def _without(subject: StudyView, drawn: set[int]) -> list[str]:
    """Return a note on the trials that have no value to draw."""
    missing = Counter(trial.state.name for trial in subject.trials if trial.number not in drawn)
    told = ", ".join(f"{count} {state}" for state, count in missing.items())
    return [f"{missing.total()} of {len(subject.trials)} trials have no finite value: {told}."] if missing else []
