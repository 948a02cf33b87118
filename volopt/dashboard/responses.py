"""Build volopt's own HTTP responses; optuna-dashboard answers all other requests."""

import html
import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import NamedTuple
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

READING_METHODS = frozenset({"GET", "HEAD"})


class Response(NamedTuple):
    """Hold a complete response to one request."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/html; charset=utf-8"

    def send(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Send the response through WSGI; the response to HEAD has no body."""
        headers = [("Content-Type", self.content_type), ("Content-Length", str(len(self.body)))]
        start_response(f"{self.status.value} {self.status.phrase}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [self.body]


def message_response(environ: WSGIEnvironment, status: HTTPStatus, text: str) -> Response:
    """Return a sentence as a page or, for the API, as JSON in the form of optuna-dashboard's own errors."""
    if environ["PATH_INFO"].startswith("/api/"):
        return Response(status, json.dumps({"reason": text}).encode(), "application/json")
    page = f'<!DOCTYPE html><meta charset="utf-8"><title>{status.phrase}</title><p>{html.escape(text)}</p>'
    return Response(status, page.encode())


def call_app(app: WSGIApplication, environ: WSGIEnvironment) -> tuple[str, list[tuple[str, str]], bytes]:
    """Return status, headers and complete body of an app's response."""
    started: list[tuple[str, list[tuple[str, str]]]] = []
    written: list[bytes] = []

    def start(status: str, headers: list[tuple[str, str]], error: object = None, /) -> Callable[[bytes], object]:
        started.append((status, headers))
        return written.append

    parts = app(environ, start)
    try:
        body = list(parts)
    finally:
        if hasattr(parts, "close"):  # a file
            parts.close()
    return *started[-1], b"".join([*written, *body])
