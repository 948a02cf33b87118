"""The value of the trials by each parameter that varied."""

from dataclasses import replace
from typing import Literal

from volopt.figures import colours
from volopt.figures.axes import ParameterAxis, objective, varying
from volopt.figures.chart import Chart, Points, Subplot
from volopt.figures.points import ScoredTrial, scored
from volopt.figures.study_view import StudyView

SYMBOLS: tuple[Literal["circle", "diamond", "x"], ...] = ("circle", "diamond", "x")


def chart(subject: StudyView) -> Chart:
    """Return a panel for each parameter; colours tell the cells apart, symbols the samplers that asked."""
    trials = scored(subject)
    chosen = varying(subject, trials)
    drawn = objective(subject, [trial.value for trial in trials])
    y = replace(drawn.axis, title=subject.definition.objective.metric)  # in a small panel; its unit is told once
    return Chart(
        f"{drawn.axis.title}, by each parameter",
        [Subplot(parameter.axis, y, _points(subject, parameter, trials)) for parameter in chosen],
        subtitle=subject.about,
        notes=(*subject.notes, *drawn.notes, "The other parameters differ from trial to trial."),
        columns=min(3, len(chosen)),
        row_height=340,
    )


def _points(subject: StudyView, parameter: ParameterAxis, trials: list[ScoredTrial]) -> list[Points]:
    samplers: dict[str, str] = {phase.name: phase.sampler for phase in subject.definition.phases}
    symbols = dict(zip(dict.fromkeys(samplers.values()), SYMBOLS * 2, strict=False))
    baseline = subject.definition.model.cell
    groups: dict[tuple[str, str], list[ScoredTrial]] = {}
    for trial in trials:
        group = str(trial.params.get("cell", baseline)), samplers.get(trial.phase, trial.phase)
        groups.setdefault(group, []).append(trial)
    return [
        Points(
            parameter.of(some),
            [trial.value for trial in some],
            f"{cell}, {sampler}",
            colours.CELLS[cell],
            hover=[trial.text for trial in some],
            symbol=symbols.get(sampler, "circle"),
        )
        for (cell, sampler), some in sorted(groups.items())
    ]
