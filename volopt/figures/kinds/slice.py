"""Draw the value of the trials by each parameter that varied."""

from dataclasses import replace

from volopt.figures import colours
from volopt.figures.axes import ParameterAxis, objective_axis, varying_parameters
from volopt.figures.chart import SYMBOLS, Chart, Points, Subplot
from volopt.figures.scored_trials import ScoredTrial, scored_trials
from volopt.figures.study_view import StudyView


def chart(view: StudyView) -> Chart:
    """Return a subplot for each parameter; colours show the cells, symbols the samplers."""
    trials = scored_trials(view)
    parameters = varying_parameters(view, trials)
    objective = objective_axis(view, [trial.value for trial in trials])
    y = replace(objective.axis, title=view.metric)  # subplots are small; the chart's title has the unit
    return Chart(
        f"{objective.axis.title}, by each parameter",
        [Subplot(parameter.axis, y, _points(view, parameter, trials)) for parameter in parameters],
        notes=(*objective.notes, "The other parameters differ from trial to trial."),
        columns=min(3, len(parameters)),
        row_height=340,
    )


def _points(view: StudyView, parameter: ParameterAxis, trials: list[ScoredTrial]) -> list[Points]:
    samplers: dict[str, str] = {phase.name: phase.sampler for phase in view.definition.phases}
    symbols = dict(zip(dict.fromkeys(samplers.values()), SYMBOLS * 2, strict=False))
    default = view.definition.model.cell
    groups: dict[tuple[str, str], list[ScoredTrial]] = {}
    for trial in trials:
        group = str(trial.params.get("cell", default)), samplers.get(trial.phase, trial.phase)
        groups.setdefault(group, []).append(trial)
    return [
        Points(
            parameter.positions(group),
            [trial.value for trial in group],
            f"{cell}, {sampler}",
            colours.CELLS[cell],
            hover=[trial.text for trial in group],
            symbol=symbols.get(sampler, "circle"),
        )
        for (cell, sampler), group in sorted(groups.items())
    ]
