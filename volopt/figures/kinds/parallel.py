"""Each trial as a line through its value and all its parameters."""

from collections.abc import Sequence

from volopt.figures.axes import ParameterAxis, objective, shares, varying
from volopt.figures.chart import Axis, Chart, Line, Mark, ParallelLines, Subplot
from volopt.figures.points import ScoredTrial, scored, worst_first
from volopt.figures.study_view import StudyView

GRID = "#555555"
FEW_NAMES = 4  # that are written one by one


def chart(subject: StudyView) -> Chart:
    """Return a line a trial over the objective and the parameters that varied, each from its lowest to its highest."""
    trials = worst_first(subject, scored(subject))
    chosen = varying(subject, trials)
    drawn = objective(subject, [trial.value for trial in trials])
    seen = [max(trial.value, drawn.scale.low) for trial in trials]  # as far as the colours go
    columns = [shares(seen, log=drawn.scale.log), *(parameter.shares(trials) for parameter in chosen)]
    goal = subject.definition.objective
    labels = [f"{goal.metric}\n{_ends(seen)}", *(_label(parameter, trials) for parameter in chosen)]
    places = list(range(len(columns)))
    marks: list[Mark] = [Line([at, at], [0, 1], colour=GRID, width=1) for at in places]
    marks.append(ParallelLines(places, list(zip(*columns, strict=True)), [trial.value for trial in trials]))
    names = [] if all(parameter.numeric for parameter in chosen) else ["Of names, the first is the lowest."]
    x = Axis("", ticks=list(zip(places, labels, strict=True)), range=(-0.2, len(places) - 0.8))
    y = Axis("lowest to highest", ticks=[(0, "lowest"), (1, "highest")], range=(-0.03, 1.03))
    return Chart(
        f"{goal.metric} and parameters of each trial",
        [Subplot(x, y, marks)],
        subtitle=subject.about,
        notes=(*subject.notes, *drawn.notes, *names),
        scale=drawn.scale,
        row_height=480,
    )


def _label(parameter: ParameterAxis, trials: Sequence[ScoredTrial]) -> str:
    if parameter.numeric:
        ends = _ends([float(at or 0) for at in parameter.of(trials)])
        return f"{parameter.name}\n{ends}" + "\n(log)" * (parameter.axis.kind == "log")
    names = parameter.axis.names
    told = ", ".join(names) if len(names) <= FEW_NAMES else f"{names[0]} … {names[-1]}"
    return f"{parameter.name}\n{told}"


def _ends(values: Sequence[float]) -> str:
    return " … ".join(f"{end:.0f}" if end.is_integer() else f"{end:.2g}" for end in (min(values), max(values)))
