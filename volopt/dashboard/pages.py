"""Serve volopt's own pages next to optuna-dashboard's, drawn on demand: the studies, their reports, pictures of trials.

The list is volopt's own because optuna-dashboard's has the names of the studies, and no place for more.
"""

import re
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from volopt.dashboard.responses import Response, message_response
from volopt.dashboard.study_figures import card_figures
from volopt.dashboard.trial_picture import trial_png
from volopt.errors import StudyError, VoloptError
from volopt.figures.study_view import StudyView
from volopt.storage.artifacts import Artifacts
from volopt.studies.study import find

REPORT_PATH = re.compile(r"/report/([^/]+)/?")
PICTURE_PATH = re.compile(r"/pictures/([^/]+)/(\d{1,9})\.png")
MAX_CACHED_PICTURES = 200  # of finished trials, about 50 kB each


class Pages(NamedTuple):
    """Hold the functions that write the pages, and draw the cards of a study's page."""

    studies: Callable[[BaseStorage], str]
    report: Callable[[StudyView], str]
    cards: Callable[[StudyView], Iterator[tuple[str, Any]]] = card_figures


class PageApp:
    """Answer ``/``, ``/report/<study>``, ``/pictures/<study>/<number>.png``, and the rest with ``other``."""

    def __init__(self, storage: BaseStorage, artifacts: Artifacts, pages: Pages, other: WSGIApplication) -> None:
        self._storage, self._artifacts, self._pages, self._other = storage, artifacts, pages, other
        self._draw_finished = lru_cache(MAX_CACHED_PICTURES)(self._draw)
        self._lock = threading.Lock()  # matplotlib is not thread-safe

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request that only reads."""
        path = environ["PATH_INFO"]
        try:
            if path == "/":
                response = Response(HTTPStatus.OK, self._pages.studies(self._storage).encode())
            elif report := REPORT_PATH.fullmatch(path):
                response = Response(HTTPStatus.OK, self._pages.report(self._view(report[1])).encode())
            elif picture := PICTURE_PATH.fullmatch(path):
                response = self._picture(picture[1], int(picture[2]))
            else:
                return self._other(environ, start_response)
        except VoloptError as error:
            status = HTTPStatus.NOT_FOUND if isinstance(error, StudyError) else HTTPStatus.INTERNAL_SERVER_ERROR
            response = message_response(environ, status, f"Error: {error.message} ({error.hint})")
        return response.send(environ, start_response)

    def _picture(self, name: str, number: int) -> Response:
        _, trial = self._find(name, number)
        with self._lock:
            picture = (self._draw_finished if trial.state.is_finished() else self._draw)(name, number)
        if picture is None:
            raise StudyError(f"trial {number} has no picture", "a trial has a picture once it is COMPLETE or PRUNED")
        return Response(HTTPStatus.OK, picture, "image/png")

    def _draw(self, name: str, number: int) -> bytes | None:
        return trial_png(*self._find(name, number))

    def _find(self, name: str, number: int) -> tuple[StudyView, FrozenTrial]:
        view = self._view(name)
        if number >= len(view.trials):
            raise StudyError(f"the study {name} has no trial {number}", "the dashboard lists its trials")
        return view, view.trials[number]

    def _view(self, name: str) -> StudyView:
        return StudyView(*find(self._storage, name), self._artifacts)
