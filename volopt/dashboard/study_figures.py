"""The figures that stand beside a study in the dashboard.

A run has them drawn in a process of their own: plotly, and what it makes of thousands of trials, would stay in the
driver's memory for days.
"""

import contextlib
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from volopt.executors.worker import follow_parent
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.address import Address
from volopt.storage.database.connect import connect
from volopt.studies.study import find

FIGURES = {"error": 1, "grid": 4, "skill": 1}  # how many panels go into one place of the dashboard, which is narrow


def save_figures(subject: StudyView) -> None:
    """Store the study's figures where its page in the dashboard shows them."""
    from optuna_dashboard import save_plotly_graph_object

    from volopt.figures.drawing.plotly import card_figure
    from volopt.figures.kinds import KINDS

    for name, size in FIGURES.items():
        with contextlib.suppress(NothingToPlotError):
            for number, part in enumerate(KINDS[name].chart(subject).split(size), start=1):
                save_plotly_graph_object(subject.study, card_figure(part), graph_object_id=f"volopt-{name}-{number:02}")


def save_figures_apart(where: Address, name: str, artifacts: Sequence[Path]) -> None:
    """Do the same in a process of its own, which ends with it; the caller holds the study's lock.

    Args:
        where: the storage.
        name: of the study.
        artifacts: their directories.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), initializer=follow_parent) as pool:
        pool.submit(_save, where, name, artifacts).result()


def _save(where: Address, name: str, artifacts: Sequence[Path]) -> None:
    with contextlib.closing(connect(where.url, write=True)) as storage:
        save_figures(StudyView(*find(storage, name), Artifacts(*artifacts)))
