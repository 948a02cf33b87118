"""Refuse requests that the dashboard must not answer, and limit what its responses may do in a browser.

The dashboard has no login, and a study may come from a stranger. So nothing in it runs a script of its own in the
dashboard's pages, or asks another host for anything. Another site in the same browser cannot read or change a study:
neither by a request of its own, nor under a host name that it points at this machine (DNS rebinding).
"""

import io
import json
import re
import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from volopt.dashboard.responses import READING_METHODS, message_response
from volopt.studies.study import is_name

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

RENAME_PATH = re.compile(r"/api/studies/\d+/rename/*")
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})

# optuna-dashboard's pages are one script. It uses inline styles, and WebGL code that it compiles as it runs.
DASHBOARD_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline' data:; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
# A report contains its scripts. The sandbox gives it no origin, so that they reach only the page itself.
REPORT_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; font-src data:; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-scripts allow-downloads allow-popups"
)
# A file may be anything. As a page of its own it is shown, and runs nothing.
FILE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"

GUARD_HEADERS = frozenset({"content-security-policy", "x-content-type-options", "access-control-allow-origin"})


def guard(app: WSGIApplication, *, local: bool) -> WSGIApplication:
    """Return an app that refuses foreign requests, and answers with a sentence if ``app`` fails.

    With ``local``, only this machine can reach the server, and the app answers only under its own names.
    """

    def guarded(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = _with_headers(environ["PATH_INFO"], start_response)
        if refusal := _refusal(environ, local):
            return message_response(environ, HTTPStatus.FORBIDDEN, refusal).send(environ, start)
        try:
            return app(environ, start)
        except Exception:
            traceback.print_exc(file=environ["wsgi.errors"])
            text = "Something went wrong; the terminal in which `volopt dashboard` runs has the details."
            return message_response(environ, HTTPStatus.INTERNAL_SERVER_ERROR, text).send(environ, start)

    return guarded


def check_new_names(app: WSGIApplication) -> WSGIApplication:
    """Return an app that refuses to rename a study to what no study file can have as its name."""

    def checked(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if RENAME_PATH.fullmatch(environ["PATH_INFO"]):
            body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
            environ["wsgi.input"] = io.BytesIO(body)
            if not _has_valid_name(body):
                text = 'Write another name: letters, digits and "._-", a letter or digit first, at most 100 characters.'
                return message_response(environ, HTTPStatus.BAD_REQUEST, text).send(environ, start_response)
        return app(environ, start_response)

    return checked


def _has_valid_name(body: bytes) -> bool:
    try:
        return is_name(json.loads(body)["study_name"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return False


def refuse_changes(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer every request of a read-only dashboard that would change a study."""
    text = "This dashboard is read-only; start it without --read-only to change studies."
    return message_response(environ, HTTPStatus.FORBIDDEN, text).send(environ, start_response)


def _refusal(environ: WSGIEnvironment, local: bool) -> str | None:
    host = environ.get("HTTP_HOST", "")
    if local and host.lower().rpartition(":")[0] not in LOCAL_HOSTS and host.lower() not in LOCAL_HOSTS:
        return "This dashboard answers only under localhost and 127.0.0.1."
    origin = environ.get("HTTP_ORIGIN")
    if origin and environ["REQUEST_METHOD"] not in READING_METHODS and urlsplit(origin).netloc != host:
        return "Another site may not change studies."
    return None


def _policy(path: str) -> str:
    if path == "/dashboard" or path.startswith("/dashboard/"):
        return DASHBOARD_POLICY
    return REPORT_POLICY if path.startswith("/report/") else FILE_POLICY


def _with_headers(path: str, start_response: StartResponse) -> StartResponse:
    guard_headers = [("Content-Security-Policy", _policy(path)), ("X-Content-Type-Options", "nosniff")]

    def start(
        status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /
    ) -> Callable[[bytes], object]:
        app_headers = [(name, value) for name, value in headers if name.lower() not in GUARD_HEADERS]
        return start_response(status, app_headers + guard_headers, exc_info)

    return start
