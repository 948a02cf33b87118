"""The empirical distribution of the values: which share of the COMPLETE trials lies at or below each."""

from collections.abc import Sequence

from volopt.figures import colours
from volopt.figures.axes import objective
from volopt.figures.chart import Axis, Chart, Line, Subplot
from volopt.figures.points import phase_colours, scored
from volopt.figures.study_view import StudyView


def chart(subject: StudyView) -> Chart:
    """Return a line for all trials and one for each phase."""
    trials = scored(subject)
    values = [trial.value for trial in trials]
    drawn = objective(subject, values)
    lines = [_line(values, values, "all", colours.ACTUAL, 2.4)]
    for phase, colour in phase_colours(subject).items():
        some = [trial.value for trial in trials if trial.phase == phase]
        if some and len(some) < len(trials):
            lines.append(_line(some, values, phase, colour, 1.6))
    goal = subject.definition.objective
    better, side = ("Higher", "right") if goal.direction == "maximize" else ("Lower", "left")
    return Chart(
        f"How many trials reach which {goal.metric}",
        [Subplot(drawn.axis, Axis("share of COMPLETE trials at or below", range=(0, 1.02)), lines)],
        subtitle=subject.about,
        notes=(*subject.notes, *drawn.notes, f"{better} is better: the further {side} a line, the better its trials."),
        row_height=440,
    )


def _line(some: Sequence[float], all_values: Sequence[float], name: str, colour: str, width: float) -> Line:
    """Return the steps of some of the values, over the range of all."""
    x = [min(all_values), *sorted(some), max(all_values)]
    y = [0.0, *((rank + 1) / len(some) for rank in range(len(some))), 1.0]
    return Line(x, y, f"{name} ({len(some)})", colour, step=True, width=width)
