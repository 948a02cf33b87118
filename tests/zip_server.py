"""A web server on loopback; each test writes its answers, good and bad."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Request = BaseHTTPRequestHandler
Answer = Callable[[Request], None]


def whole(content: bytes, **headers: str) -> Answer:
    """Send a file, with its length and more headers (``Content_Type`` is Content-Type)."""
    return cut(content, len(content), **headers)


def cut(content: bytes, at: int, **headers: str) -> Answer:
    """Promise a file and close the connection after ``at`` bytes."""

    def answer(request: Request) -> None:
        request.send_response(200)
        for name, value in {"Content_Length": str(len(content)), **headers}.items():
            request.send_header(name.replace("_", "-"), value)
        request.end_headers()
        request.wfile.write(content[:at])

    return answer


def without_length(content: bytes) -> Answer:
    """Send a file that ends where the connection does."""

    def answer(request: Request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(content)

    return answer


def reset(content: bytes, at: int) -> Answer:
    """Promise a file and reset the connection after ``at`` bytes."""

    def answer(request: Request) -> None:
        cut(content, at)(request)
        request.wfile.flush()
        request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.connection.close()

    return answer


def status(code: int) -> Answer:
    """Refuse."""

    def answer(request: Request) -> None:
        request.send_response(code)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def moved(to: str) -> Answer:
    """Send the client elsewhere."""

    def answer(request: Request) -> None:
        request.send_response(302)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def stalled(content: bytes, at: int, until: threading.Event) -> Answer:
    """Promise a file, send ``at`` bytes, and nothing more until the event is set."""

    def answer(request: Request) -> None:
        cut(content, at)(request)
        request.wfile.flush()
        until.wait()

    return answer


class Server(ThreadingHTTPServer):
    """Gives each path its answers in turn, the last one again and again."""

    daemon_threads = False  # so that closing it waits for them

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.closing = threading.Event()

    def url(self, *answers: Answer, path: str = "/data.zip", user: str = "") -> str:
        """Return the address at which these answers are given."""
        self.answers[path] = list(answers)
        return f"http://{user}127.0.0.1:{self.server_port}{path}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients leave in the middle here."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # as http.server names it
        self.server.asked.append((self.path, dict(self.headers)))
        answers = self.server.answers.get(self.path.partition("?")[0], [status(404)])
        (answers.pop(0) if len(answers) > 1 else answers[0])(self)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[Server]:
    """Serve while the block runs."""
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.closing.set()
            server.shutdown()
            thread.join()
