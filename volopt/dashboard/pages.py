"""volopt's own pages beside optuna-dashboard's: the report of a study, and the picture of a trial, drawn on demand."""

import re
import threading
from collections.abc import Callable, Iterable
from functools import lru_cache
from http import HTTPStatus
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial

from volopt.dashboard.answers import Response, sentence
from volopt.definition.schema import Definition
from volopt.errors import StudyError, VoloptError
from volopt.storage.artifacts import Artifacts
from volopt.studies.study import find

REPORT = re.compile(r"/report/([^/]+)/?")
PICTURE = re.compile(r"/pictures/([^/]+)/(\d{1,9})\.png")
KEPT = 200  # pictures of finished trials in memory, at about 50 kB each


class PageRenderers(NamedTuple):
    """What draws our pages."""

    page: Callable[[optuna.Study, Definition, Artifacts], str]
    # returns None where there is nothing to draw
    picture: Callable[[optuna.Study, Definition, FrozenTrial, Artifacts], bytes | None]


class PageApp:
    """Answers for ``/report/<study>`` and ``/pictures/<study>/<number>.png``; asks ``other`` for the rest."""

    def __init__(
        self, storage: BaseStorage, artifacts: Artifacts, drawing: PageRenderers, other: WSGIApplication
    ) -> None:
        self._storage, self._artifacts, self._drawing, self._other = storage, artifacts, drawing, other
        self._finished = lru_cache(KEPT)(self._draw)
        self._one_at_a_time = threading.Lock()  # matplotlib is not made for several threads

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request that only reads."""
        path = environ["PATH_INFO"]
        try:
            if report := REPORT.fullmatch(path):
                answer = self._report(report[1])
            elif picture := PICTURE.fullmatch(path):
                answer = self._picture(picture[1], int(picture[2]))
            else:
                return self._other(environ, start_response)
        except VoloptError as error:
            status = HTTPStatus.NOT_FOUND if isinstance(error, StudyError) else HTTPStatus.INTERNAL_SERVER_ERROR
            answer = sentence(environ, status, f"Error: {error.message} ({error.hint})")
        return answer.send(environ, start_response)

    def _report(self, name: str) -> Response:
        study, definition = find(self._storage, name)
        return Response(HTTPStatus.OK, self._drawing.page(study, definition, self._artifacts).encode())

    def _picture(self, name: str, number: int) -> Response:
        *_, trial = self._find(name, number)
        draw = self._finished if trial.state.is_finished() else self._draw
        with self._one_at_a_time:
            drawn = draw(name, number)
        if drawn is None:
            raise StudyError(f"there is nothing to draw of trial {number}", "a trial has a picture when it is finished")
        return Response(HTTPStatus.OK, drawn, "image/png")

    def _draw(self, name: str, number: int) -> bytes | None:
        return self._drawing.picture(*self._find(name, number), self._artifacts)

    def _find(self, name: str, number: int) -> tuple[optuna.Study, Definition, FrozenTrial]:
        study, definition = find(self._storage, name)
        trials = study.get_trials(deepcopy=False)
        if number >= len(trials):
            raise StudyError(f"the study {name} has no trial {number}", "the dashboard lists its trials")
        return study, definition, trials[number]
