"""The picture of one trial: forecast against actual on test, and learning curves; drawn fast, without a browser."""

from collections.abc import Mapping
from typing import Any

import optuna
from optuna.trial import FrozenTrial

from volopt.definition.schema import Definition, Scalar
from volopt.report import words
from volopt.report.figures import panels
from volopt.report.figures.chart import Chart
from volopt.report.figures.traces import traces
from volopt.search import study as studies
from volopt.storage.artifacts import CURVES, Artifacts

WIDTH, HEIGHT = 1000, 340  # pixels, without title and legend


def trial_chart(
    content: Mapping[str, Any],
    params: Mapping[str, Scalar],
    definition: Definition,
    number: int,
    *,
    synthetic: bool = False,
) -> Chart | None:
    """Return the chart of one trial, or None where it left nothing to draw; a pruned one has curves alone.

    Args:
        content: its artifact, as ``search.results.artifact`` makes it.
        params: its values of the keys of ``[space]``.
        definition: the study's.
        number: its number.
        synthetic: whether the data are generated.
    """
    found = traces(content)
    if found is None:
        return None
    keeps_best = definition.training.early_stopping != "none"
    drawn = [panels.curves(found.curves, "loss", keeps_best=keeps_best)]
    if found.forecasts is not None:
        cell = str({**definition.baseline(), **params}["cell"])
        title = f"test{f': {found.flatness}' if found.flatness else ''}"
        drawn.insert(0, panels.forecast(found.forecasts, cell, definition.data.target, title))
    return Chart(
        f"Trial {number} of {definition.name}",
        drawn,
        subtitle=words.params({key: params[key] for key in definition.space if key in params}),
        notes=words.warnings(synthetic=synthetic),
        columns=2,
        row_height=HEIGHT,
    )


def trial_png(study: optuna.Study, definition: Definition, trial: FrozenTrial, artifacts: Artifacts) -> bytes | None:
    """Return the picture of a stored trial as PNG, or None where it left nothing to draw."""
    content = artifacts.read(study, trial, CURVES)
    synthetic = bool(studies.data_of(study)["synthetic"])
    chart = trial_chart(content or {}, trial.params, definition, trial.number, synthetic=synthetic)
    return None if chart is None else png(chart)


def png(chart: Chart) -> bytes:
    """Return the chart of a trial as PNG."""
    from volopt.report.figures.drawing.matplotlib import draw

    return draw(chart, "png", WIDTH, quick=True)
