"""Asking the dashboard's app without a server or a browser."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults

import optuna
from optuna.trial import FrozenTrial, TrialState
from plotly.graph_objects import Figure

from volopt.dashboard.responses import call_app
from volopt.figures.kinds import card_id
from volopt.figures.study_view import StudyView

PNG = b"\x89PNG\r\n\x1a\n"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    errors: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: WSGIApplication, path: str, method: str = "GET", body: Any = None, **environ: str) -> Reply:
    """Ask an app as a server does; ``body`` is sent as JSON."""
    sent = b"" if body is None else json.dumps(body).encode()
    errors = io.StringIO()
    request: dict[str, Any] = {
        "PATH_INFO": path,
        "REQUEST_METHOD": method,
        "HTTP_HOST": "127.0.0.1:8080",
        "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(sent)),
        "wsgi.input": io.BytesIO(sent),
        "wsgi.errors": errors,
        **environ,
    }
    setup_testing_defaults(request)
    status, headers, content = call_app(app, request)
    assert len({name for name, _ in headers}) == len(headers)
    return Reply(int(status[:3]), dict(headers), content, errors.getvalue())


class Drawn:
    """Draws a page and pictures that say what they were given, and counts."""

    def __init__(self) -> None:
        self.pictures: list[int] = []
        self.cards_of: list[int] = []  # COMPLETE trials of the study each time its cards were drawn

    def page(self, view: StudyView) -> str:
        return f"<p>{view.study.study_name} {view.definition.name} {view.artifacts.directory.name}"

    def cards(self, view: StudyView) -> Iterator[tuple[str, Any]]:
        self.cards_of.append(len(view.complete))
        yield card_id("history", 1), Figure()

    def picture(self, view: StudyView, trial: FrozenTrial) -> bytes | None:
        self.pictures.append(trial.number)
        if trial.state == TrialState.FAIL:
            return None
        return (
            PNG
            + f"{view.study.study_name} {view.definition.name} {trial.number} {view.artifacts.directory.name}".encode()
        )


Make = Callable[..., WSGIApplication]


def detail(app: WSGIApplication, study: optuna.Study) -> Any:
    """What the API says of a study."""
    return ask(app, f"/api/studies/{study._study_id}").json


def broken(*_: object) -> str:
    raise ZeroDivisionError("ink")
