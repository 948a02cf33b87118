"""The picture of one trial: forecast against actual on test, and learning curves; drawn fast, without a browser.

Of a panel study the forecast is that of its first instrument.
"""

from collections.abc import Mapping

import optuna
from optuna.trial import FrozenTrial

from volopt.definition.schema import Definition, Scalar
from volopt.figures import panels, words
from volopt.figures.chart import Chart
from volopt.figures.trial_series import of_artifact
from volopt.storage.artifacts import Artifacts
from volopt.studies import study as studies
from volopt.studies import trial_file
from volopt.studies.trial_file import TrialFile

WIDTH, HEIGHT = 1000, 340  # pixels, without title and legend


def trial_chart(
    left: TrialFile,
    params: Mapping[str, Scalar],
    definition: Definition,
    number: int,
    *,
    synthetic: bool = False,
) -> Chart:
    """Return the chart of one trial; a pruned one has curves alone.

    Args:
        left: by it as a file.
        params: its values of the keys of ``[space]``.
        definition: the study's.
        number: its number.
        synthetic: whether the data are generated.
    """
    found = of_artifact(left)
    keeps_best = definition.training.early_stopping != "none"
    drawn = [panels.curves(found.curves, "loss", keeps_best=keeps_best)]
    if found.forecasts is not None:
        cell = str({**definition.baseline(), **params}["cell"])
        of = f" of {found.share.instrument}" if definition.data.is_panel else ""
        title = f"test{of}{f': {found.flatness}' if found.flatness else ''}"
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
    left = trial_file.read(study, trial, artifacts)
    if left is None:
        return None
    synthetic = bool(studies.data_of(study)["synthetic"])
    return png(trial_chart(left, trial.params, definition, trial.number, synthetic=synthetic))


def png(chart: Chart) -> bytes:
    """Return the chart of a trial as PNG."""
    from volopt.figures.drawing.matplotlib import draw

    return draw(chart, "png", WIDTH, quick=True)
