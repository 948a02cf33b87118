"""Draw the best trials in each valid period: the objective's metric, and the skill over the best baseline.

Where the lines of trials cross, their order depends on the period, and with it the choice of the best one.
"""

from collections.abc import Sequence

from optuna.trial import FrozenTrial

from volopt.figures import colours, words
from volopt.figures.chart import Axis, Chart, Line, Mark, Numbers, Points, ReferenceLine, Subplot
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies import listing
from volopt.studies import study as studies
from volopt.studies.best_trial import best_baseline

COLOURS = (colours.ACTUAL, colours.BLUE, colours.VERMILLION, "#7F3C8D", "#8B6914")  # of the trials, none a baseline's
MEANING = (
    "Each period is forecast by networks and baselines that were fitted on the days before it; a trial's value is the "
    "mean over periods and seeds."
)


def chart(view: StudyView) -> Chart:
    """Return a subplot of the metric, the mean over seeds, and one of the skill of the seeds' mean forecast."""
    scored_trials(view)
    shown = [trial for trial in view.complete if listing.periods(trial)][: len(COLOURS)]
    if not shown:
        raise NothingToPlotError(
            f"the study {view.name} has one valid period", "write several in [data] valid of its study file"
        )
    labels = [words.period(period["first"], period["last"]) for period in listing.periods(shown[0])]
    name = best_baseline(view.baselines)
    marks = _trial_marks(shown, labels, view.metric)
    if name:
        rows = studies.period_baselines(view.study)
        values = [row.get(name, {}).get(view.metric) for row in rows] if len(rows) == len(labels) else []
        colour = colours.BASELINES[name]
        marks = [Line(labels, values, words.best_baseline_name(name), colour, dashed=True, width=2), *marks]
    axis = Axis("valid period", "category", names=labels)
    subplots = [Subplot(axis, Axis(words.metric_title(view.metric)), marks, f"{view.metric}, mean over seeds")]
    if name:
        skills: list[Mark] = [ReferenceLine(0.0, f"as good as {name}", colours.GREY)]
        skills += _trial_marks(shown, labels, f"ensemble_valid_skill_{name}")
        subplots.append(Subplot(axis, Axis("skill"), skills, f"Skill over {name} of the seeds' mean forecast"))
    params = [f"Trial {trial.number}: {words.params(view.space_values(trial))}" for trial in shown]
    title = f"The best {len(shown)} trials by valid period" if len(shown) > 1 else "The best trial by valid period"
    return Chart(title, subplots, notes=(MEANING, *params), row_height=300)


def _trial_marks(shown: Sequence[FrozenTrial], labels: Sequence[str], metric: str) -> list[Mark]:
    """Return the lines of trials, the best one last, on top of the others."""
    marks: list[Mark] = []
    for place, trial in reversed(list(enumerate(shown))):
        colour = COLOURS[place]
        values: Numbers = [period["metrics"].get(metric) for period in listing.periods(trial)]
        name = f"trial {trial.number}" + ", the best" * (place == 0)
        hover = [f"{name}, {label}: {words.number(value)}" for label, value in zip(labels, values, strict=True)]
        marks += [Line(labels, values, name, colour, width=3.0 if place == 0 else 1.6)]
        marks += [Points(labels, values, "", colour, hover=hover)]
    return marks
