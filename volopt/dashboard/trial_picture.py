"""Draw the picture of one trial, fast and without a browser: test forecast against actual, and learning curves.

The forecast of a panel study is that of its first instrument.
"""

from collections.abc import Mapping

from optuna.trial import FrozenTrial

from volopt.definition.schema import Definition, Scalar
from volopt.figures import subplots, words
from volopt.figures.chart import Chart
from volopt.figures.forecast_series import forecast_series
from volopt.figures.study_view import StudyView
from volopt.studies.trial_file import TrialFile

WIDTH, HEIGHT = 1000, 340  # pixels, without title and legend


def trial_chart(
    file: TrialFile, params: Mapping[str, Scalar], definition: Definition, number: int, *, synthetic: bool = False
) -> Chart:
    """Return the chart of one trial from its file and its values of ``[space]``; a pruned trial has curves only."""
    series = forecast_series(file)
    keeps_best = definition.training.early_stopping != "none"
    title = "loss" + subplots.shown_period(file.seeds, definition)
    drawn = [subplots.loss_curves(file.seeds, title, keeps_best=keeps_best)]
    if series is not None:
        cell = str({**definition.defaults(), **params}["cell"])
        of = f" of {series.part.instrument}" if definition.data.is_panel else ""
        title = f"test{of}{f': {series.flatness}' if series.flatness else ''}"
        drawn.insert(0, subplots.forecast(series, cell, definition.data.target, title))
    return Chart(
        f"Trial {number} of {definition.name}",
        drawn,
        subtitle=words.params({key: params[key] for key in definition.space if key in params}),
        notes=words.data_warnings(synthetic=synthetic),
        columns=2,
        row_height=HEIGHT,
    )


def trial_png(view: StudyView, trial: FrozenTrial) -> bytes | None:
    """Return the picture of a stored trial as PNG, or None if its file is missing or broken."""
    file = view.file(trial)
    if file is None:
        return None
    return png(trial_chart(file, trial.params, view.definition, trial.number, synthetic=view.synthetic))


def png(chart: Chart) -> bytes:
    """Return the chart of a trial as PNG."""
    from volopt.figures.drawing.matplotlib import draw

    return draw(chart, "png", WIDTH, quick=True)
