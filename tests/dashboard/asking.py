"""Asking the dashboard's app without a server or a browser."""

import io
import json
from collections.abc import Callable
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication
from wsgiref.util import setup_testing_defaults

import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.dashboard.answers import whole
from volopt.definition.schema import Definition
from volopt.storage.artifacts import Artifacts

PNG = b"\x89PNG\r\n\x1a\n"


class Said(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes
    errors: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(app: WSGIApplication, path: str, method: str = "GET", said: Any = None, **environ: str) -> Said:
    """Ask an app as a server does; ``said`` is sent as JSON."""
    sent = b"" if said is None else json.dumps(said).encode()
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
    status, headers, body = whole(app, request)
    assert len({name for name, _ in headers}) == len(headers)
    return Said(int(status[:3]), dict(headers), body, errors.getvalue())


class Drawn:
    """Draws a page and pictures that say what they were given, and counts."""

    def __init__(self) -> None:
        self.pictures: list[int] = []

    def page(self, study: optuna.Study, definition: Definition, artifacts: Artifacts) -> str:
        return f"<p>{study.study_name} {definition.name} {artifacts.directory.name}"

    def picture(
        self, study: optuna.Study, definition: Definition, trial: FrozenTrial, artifacts: Artifacts
    ) -> bytes | None:
        self.pictures.append(trial.number)
        if trial.state == TrialState.FAIL:
            return None
        return PNG + f"{study.study_name} {definition.name} {trial.number} {artifacts.directory.name}".encode()


Make = Callable[..., WSGIApplication]


def detail(app: WSGIApplication, study: optuna.Study) -> Any:
    """What the API says of a study."""
    return ask(app, f"/api/studies/{study._study_id}").json


def broken(*_: object) -> str:
    raise ZeroDivisionError("ink")
