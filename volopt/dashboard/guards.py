"""What the dashboard refuses, and what its answers may do in a browser.

It has no login, and a study may come from a stranger. So nothing that it shows runs a script of its own beside the
dashboard or asks another host for anything, and no other site that is open in the same browser can read or change a
study: not by a request of its own, nor under a name that it lets point to this machine.
"""

import traceback
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from volopt.dashboard.answers import SAFE, sentence

if TYPE_CHECKING:
    from _typeshed import OptExcInfo

LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})

# optuna-dashboard's pages are one script, which draws by styles and WebGL (the latter compiles code as it goes).
DASHBOARD = (
    "default-src 'self'; script-src 'self' 'unsafe-eval'; style-src 'self' 'unsafe-inline' data:; "
    "img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
)
# A report has its scripts within it: sandboxed, it is of no origin, so that they reach nothing but the page.
REPORT = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; font-src data:; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; "
    "sandbox allow-scripts allow-downloads allow-popups"
)
# Files may be anything; as pages of their own they show and do nothing else.
FILE = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'; sandbox"

OWN_HEADERS = frozenset({"content-security-policy", "x-content-type-options", "access-control-allow-origin"})


def guarded(app: WSGIApplication, *, local: bool) -> WSGIApplication:
    """Return an app that refuses what others ask of it, and says in a sentence when it fails.

    Args:
        app: what answers the rest.
        local: only this machine can reach the server, and only under its own names.
    """

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start = _with_headers(environ["PATH_INFO"], start_response)
        refusal = _refusal(environ, local)
        if refusal:
            return sentence(environ, HTTPStatus.FORBIDDEN, refusal).send(environ, start)
        try:
            return app(environ, start)
        except Exception:
            traceback.print_exc(file=environ["wsgi.errors"])
            text = "Something went wrong; the terminal in which `volopt dashboard` runs has the details."
            return sentence(environ, HTTPStatus.INTERNAL_SERVER_ERROR, text).send(environ, start)

    return answer


def read_only(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Refuse every change: the app for them where there shall be none."""
    text = "This dashboard is read-only; start it without --read-only to change studies."
    return sentence(environ, HTTPStatus.FORBIDDEN, text).send(environ, start_response)


def by_method(reading: WSGIApplication, writing: WSGIApplication) -> WSGIApplication:
    """Return an app that asks one for what only reads and another for what may write."""

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return (reading if environ["REQUEST_METHOD"] in SAFE else writing)(environ, start_response)

    return answer


def _refusal(environ: WSGIEnvironment, local: bool) -> str | None:
    host = environ.get("HTTP_HOST", "")
    if local and host.lower().rpartition(":")[0] not in LOCAL and host.lower() not in LOCAL:
        return "This dashboard answers under localhost and 127.0.0.1 alone."
    origin = environ.get("HTTP_ORIGIN")
    if origin and environ["REQUEST_METHOD"] not in SAFE and urlsplit(origin).netloc != host:
        return "Another site may not change studies."
    return None


def _policy(path: str) -> str:
    if path == "/dashboard" or path.startswith("/dashboard/"):
        return DASHBOARD
    return REPORT if path.startswith("/report/") else FILE


def _with_headers(path: str, start_response: StartResponse) -> StartResponse:
    ours = [("Content-Security-Policy", _policy(path)), ("X-Content-Type-Options", "nosniff")]

    def start(
        status: str, headers: list[tuple[str, str]], exc_info: "OptExcInfo | None" = None, /
    ) -> Callable[[bytes], object]:
        theirs = [(name, value) for name, value in headers if name.lower() not in OWN_HEADERS]
        return start_response(status, theirs + ours, exc_info)

    return start
