"""Store the figures that the dashboard shows on a study's page.

A run draws them in a separate process: otherwise plotly, and its objects for thousands of trials, would stay in the
driver's memory for days.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from volopt.executors.processes import ProcessTrainer
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.address import Address
from volopt.storage.database.connect import connect
from volopt.studies.study import find


def save_figures(view: StudyView) -> None:
    """Store the study's figures for its page in the dashboard."""
    from optuna_dashboard import save_plotly_graph_object

    from volopt.figures.drawing.plotly import card_figure
    from volopt.figures.kinds import KINDS, card_id

    for kind in KINDS.values():
        if not kind.card_subplots:
            continue
        with contextlib.suppress(NothingToPlotError):
            for i, part in enumerate(kind.chart(view).split(kind.card_subplots), start=1):
                save_plotly_graph_object(view.study, card_figure(part), graph_object_id=card_id(kind.name, i))


def save_figures_apart(address: Address, name: str, artifacts: Sequence[Path]) -> None:
    """Store the figures of the study ``name`` from a separate process, which ends with this one.

    The caller holds the study's lock; ``artifacts`` are the directories of its artifacts.
    """
    with contextlib.closing(ProcessTrainer(artifacts, 1, _save)) as process:
        process.submit(address, name).result()


def _save(artifacts: Sequence[Path], address: Address, name: str) -> None:
    with contextlib.closing(connect(address.url, write=True)) as storage:
        save_figures(StudyView(*find(storage, name), Artifacts(*artifacts)))
