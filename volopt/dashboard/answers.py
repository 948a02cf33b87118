"""What our own code answers a request with; everything else is answered by optuna-dashboard."""

import html
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

SAFE = frozenset({"GET", "HEAD"})  # methods that only read


class Response(NamedTuple):
    """A whole answer to one request."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/html; charset=utf-8"

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send it, as WSGI has it; HEAD is told the length alone."""
        headers = [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        start_response(f"{self.status.value} {self.status.phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def sentence(environ: WSGIEnvironment, status: HTTPStatus, text: str) -> Response:
    """Return a sentence as a page or, for the API, as the JSON that optuna-dashboard's own errors are."""
    if environ["PATH_INFO"].startswith("/api/"):
        return Response(status, json.dumps({"reason": text}).encode(), "application/json")
    page = f'<!DOCTYPE html><meta charset="utf-8"><title>{status.phrase}</title><p>{html.escape(text)}</p>'
    return Response(status, page.encode())


def whole(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status, headers and body of what an app answers, for who changes or looks at them."""
    said: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], error: object = None, /) -> Callable[[bytes], object]:
        said.append((status, headers))
        return written.append

    parts = app(environ, start)
    try:
        rest = list(parts)
    finally:
        if hasattr(parts, "close"):  # a file
            parts.close()
    return *said[-1], b"".join([*written, *rest])
