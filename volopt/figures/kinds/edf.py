"""Draw the empirical distribution function of the values: the share of COMPLETE trials at or below each value."""

from collections.abc import Sequence

from volopt.figures import colours
from volopt.figures.axes import objective_axis
from volopt.figures.chart import Axis, Chart, Line, Subplot
from volopt.figures.scored_trials import phase_colours, scored_trials
from volopt.figures.study_view import StudyView


def chart(view: StudyView) -> Chart:
    """Return a line for all trials and one for each phase."""
    trials = scored_trials(view)
    values = [trial.value for trial in trials]
    objective = objective_axis(view, values)
    lines = [_line(values, values, "all", colours.ACTUAL, 2.4)]
    for phase, colour in phase_colours(view).items():
        of_phase = [trial.value for trial in trials if trial.phase == phase]
        if of_phase and len(of_phase) < len(trials):
            lines.append(_line(of_phase, values, phase, colour, 1.6))
    better, side = ("Higher", "right") if view.maximizes else ("Lower", "left")
    return Chart(
        f"How many trials reach which {view.metric}",
        [Subplot(objective.axis, Axis("share of COMPLETE trials at or below", range=(0, 1.02)), lines)],
        notes=(*objective.notes, f"{better} is better: the further {side} a line, the better its trials."),
        row_height=440,
    )


def _line(values: Sequence[float], all_values: Sequence[float], name: str, colour: str, width: float) -> Line:
    """Return the steps of some values over the range of all values."""
    x = [min(all_values), *sorted(values), max(all_values)]
    y = [0.0, *((rank + 1) / len(values) for rank in range(len(values))), 1.0]
    return Line(x, y, f"{name} ({len(values)})", colour, step=True, width=width)
