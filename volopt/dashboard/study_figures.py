"""Draw the figures that the dashboard shows on a study's page.

A run stores them, and draws them in a separate process: otherwise plotly, and its objects for thousands of trials,
would stay in the driver's memory for days. A run that is too short for that leaves them to the dashboard.
"""

import contextlib
import logging
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from optuna.storages import BaseStorage
from optuna.trial import TrialState

from volopt.errors import VoloptError
from volopt.executors.processes import ProcessTrainer
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.address import Address
from volopt.storage.database.connect import connect
from volopt.studies.study import find

log = logging.getLogger(__name__)

MAX_SHARE = 0.03  # of the time that drawing may take


def card_figures(view: StudyView) -> Iterator[tuple[str, Any]]:
    """Return each card of a study's page: its id and its plotly figure."""
    from volopt.figures.drawing.plotly import card_figure
    from volopt.figures.kinds import KINDS, card_id

    for kind in KINDS.values():
        if not kind.card_subplots:
            continue
        with contextlib.suppress(NothingToPlotError):
            for i, part in enumerate(kind.chart(view).split(kind.card_subplots), start=1):
                yield card_id(kind.name, i), card_figure(part)


def save_figures(view: StudyView) -> None:
    """Store the study's figures for its page in the dashboard."""
    from optuna_dashboard import save_plotly_graph_object

    for identifier, figure in card_figures(view):
        save_plotly_graph_object(view.study, figure, graph_object_id=identifier)


def save_figures_apart(address: Address, name: str, artifacts: Sequence[Path]) -> None:
    """Store the figures of the study ``name`` from a separate process, which ends with this one.

    The caller holds the study's lock; ``artifacts`` are the directories of its artifacts.
    """
    with contextlib.closing(ProcessTrainer(artifacts, 1, _save)) as process:
        process.submit(address, name).result()


def _save(artifacts: Sequence[Path], address: Address, name: str) -> None:
    with contextlib.closing(connect(address.url, write=True)) as storage:
        save_figures(StudyView(*find(storage, name), Artifacts(*artifacts)))


class _Drawing(NamedTuple):
    graphs: list[dict[str, str]]  # as optuna-dashboard's API has them
    complete: int  # trials that they show
    next_at: float  # the clock's time from which on new trials are drawn


class FiguresOnDemand:
    """Draw the figures of studies in the background, in at most ``MAX_SHARE`` of the time, and remember them.

    Args:
        storage: of the studies.
        artifacts: of the same storage.
        draw: returns the cards of a study.
        clock: returns seconds.
    """

    def __init__(
        self,
        storage: BaseStorage,
        artifacts: Artifacts,
        draw: Callable[[StudyView], Iterator[tuple[str, Any]]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._storage, self._artifacts, self._draw_cards, self._clock = storage, artifacts, draw, clock
        self._drawings: dict[str, _Drawing] = {}
        self._under_way: set[str] = set()
        self._lock = threading.Lock()

    def graphs(self, name: str, study_id: int) -> list[dict[str, str]]:
        """Return what has been drawn of a study so far, and begin to draw what is new."""
        complete = len(self._storage.get_all_trials(study_id, deepcopy=False, states=(TrialState.COMPLETE,)))
        with self._lock:
            last = self._drawings.get(name, _Drawing([], 0, -math.inf))
            if name not in self._under_way and complete > last.complete and self._clock() >= last.next_at:
                self._under_way.add(name)
                threading.Thread(target=self._draw, args=(name, complete), daemon=True).start()
        return last.graphs

    def _draw(self, name: str, complete: int) -> None:
        began, graphs = self._clock(), []
        try:
            view = StudyView(*find(self._storage, name), self._artifacts)
            graphs = [{"id": identifier, "graph_object": card.to_json()} for identifier, card in self._draw_cards(view)]
        except VoloptError as error:  # the study is damaged; optuna-dashboard shows what it can
            log.info("no figures of the study %s: %s", name, error)
        except Exception as error:  # a figure costs no page
            log.warning("no figures of the study %s: %s: %s", name, type(error).__name__, error)
        finally:
            ended = self._clock()
            with self._lock:
                self._drawings[name] = _Drawing(graphs, complete, ended + (ended - began) / MAX_SHARE)
                self._under_way.remove(name)
