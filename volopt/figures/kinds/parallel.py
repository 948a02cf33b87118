"""Draw each trial as a line through its value and all its parameters (parallel coordinates)."""

from collections.abc import Sequence

from volopt.figures.axes import ParameterAxis, axis_fractions, objective_axis, varying_parameters
from volopt.figures.chart import Axis, Chart, Line, Mark, ParallelLines, Subplot
from volopt.figures.scored_trials import ScoredTrial, scored_trials, worst_first
from volopt.figures.study_view import StudyView

AXIS_COLOUR = "#555555"
MAX_LISTED_NAMES = 4  # more categories are written as the first and the last


def chart(view: StudyView) -> Chart:
    """Return a line for each trial over the objective and the parameters that varied, each min-max scaled."""
    trials = worst_first(view, scored_trials(view))
    parameters = varying_parameters(view, trials)
    objective = objective_axis(view, [trial.value for trial in trials])
    values = [max(trial.value, objective.scale.low) for trial in trials]
    columns = [axis_fractions(values, log=objective.scale.log), *(each.fractions(trials) for each in parameters)]
    labels = [f"{view.metric}\n{_ends(values)}", *(_label(each, trials) for each in parameters)]
    positions = list(range(len(columns)))
    marks: list[Mark] = [Line([x, x], [0, 1], colour=AXIS_COLOUR, width=1) for x in positions]
    marks.append(ParallelLines(positions, list(zip(*columns, strict=True)), [trial.value for trial in trials]))
    categories = [] if all(each.numeric for each in parameters) else ["Categories run from bottom to top."]
    x = Axis("", ticks=list(zip(positions, labels, strict=True)), range=(-0.2, len(positions) - 0.8))
    y = Axis("lowest to highest", ticks=[(0, "lowest"), (1, "highest")], range=(-0.03, 1.03))
    return Chart(
        f"{view.metric} and parameters of each trial",
        [Subplot(x, y, marks)],
        notes=(*objective.notes, *categories),
        scale=objective.scale,
        row_height=480,
    )


def _label(parameter: ParameterAxis, trials: Sequence[ScoredTrial]) -> str:
    if parameter.numeric:
        ends = _ends([float(number or 0) for number in parameter.positions(trials)])
        return f"{parameter.name}\n{ends}" + "\n(log)" * (parameter.axis.kind == "log")
    names = parameter.axis.names
    listed = ", ".join(names) if len(names) <= MAX_LISTED_NAMES else f"{names[0]} … {names[-1]}"
    return f"{parameter.name}\n{listed}"


def _ends(values: Sequence[float]) -> str:
    return " … ".join(f"{end:.0f}" if end.is_integer() else f"{end:.2g}" for end in (min(values), max(values)))
