"""Draw the value of each trial by number, and the best value so far."""

from itertools import accumulate

from volopt.figures import colours
from volopt.figures.axes import objective_axis, trial_axis
from volopt.figures.chart import Chart, Line, Mark, Points, Subplot
from volopt.figures.scored_trials import (
    baseline_line,
    count_states,
    phase_colours,
    pruned_values,
    scored_trials,
    values_of_study,
)
from volopt.figures.study_view import StudyView

BEST = "best so far"


def chart(view: StudyView) -> Chart:
    """Return the values of COMPLETE trials by phase, the last values of PRUNED ones, and the best baseline."""
    trials, pruned = scored_trials(view), pruned_values(view)
    numbers, values = [trial.number for trial in trials], [trial.value for trial in trials]
    last = view.trials[-1].number
    best = list(accumulate(values, max if view.maximizes else min))
    marks: list[Mark] = [Line([*numbers, last], [*best, best[-1]], BEST, colours.ACTUAL, step=True)]
    baseline = baseline_line(view, view.metric)
    if baseline:
        marks.insert(0, baseline)
    for phase, colour in phase_colours(view).items():
        of_phase = [trial for trial in trials if trial.phase == phase]
        if of_phase:
            x, y = [trial.number for trial in of_phase], [trial.value for trial in of_phase]
            marks.append(Points(x, y, phase, colour, hover=[trial.text for trial in of_phase]))
        last_values = {number: value for number, (name, value) in pruned.items() if name == phase}
        if last_values:
            hover = [f"trial {number}, {phase}\nPRUNED at {value:.4g}" for number, value in last_values.items()]
            name = f"{phase}, value when PRUNED"
            marks.append(Points(list(last_values), list(last_values.values()), name, colour, hover=hover, symbol="x"))
    objective = objective_axis(view, values_of_study(view))
    notes = list(objective.notes)
    if missing := [trial for trial in view.trials if trial.number not in {*numbers, *pruned}]:
        notes.append(f"{len(missing)} of {len(view.trials)} trials have no finite value: {count_states(missing)}.")
    return Chart(
        f"{view.metric} of each trial",
        [Subplot(trial_axis(last), objective.axis, marks)],
        notes=notes,
        row_height=460,
    )
