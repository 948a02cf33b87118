"""The dashboard as one app over a database, and the server it runs in."""

import errno
import socket
import sys
import threading
from collections.abc import Callable, Iterable
from ipaddress import ip_address
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import optuna_dashboard
from optuna.storages import BaseStorage

from volopt.dashboard.guards import by_method, guarded, read_only
from volopt.dashboard.listing import StudyListCache, listing
from volopt.dashboard.pages import PageApp, PageRenderers
from volopt.errors import UsageError, VoloptError
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.retrying import RetryingStorage

FIRST_PORT = 8080
PORTS = 100  # tried from the first one on


class ReopeningApp:
    """An app over a database, made anew when a study in it is gone.

    Optuna keeps finished trials in memory by the number of their study, and SQLite gives the number of a deleted study
    to the next one: without this, a study that was deleted and run again would show the old trials.
    """

    def __init__(self, storage: RetryingStorage, make: Callable[[BaseStorage], WSGIApplication]) -> None:
        self._storage, self._make = storage, make
        self._lock = threading.Lock()
        self._born = self._births()
        self._app = self._begin()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from what the database holds now."""
        return self._current()(environ, start_response)

    def _current(self) -> WSGIApplication:
        with self._lock:
            born = self._births()
            if not self._born <= born:
                self._app = self._begin()
            self._born = born
            return self._app

    def _begin(self) -> WSGIApplication:
        storage = StudyListCache(self._storage)
        threading.Thread(target=storage.read_ahead, daemon=True).start()
        return self._make(storage)

    def _births(self) -> set[tuple[Any, ...]]:
        """Return which studies there are, each told from any other by when its first trial began."""
        with self._storage.engine.connect() as connection:
            found = connection.exec_driver_sql("SELECT study_id, MIN(datetime_start) FROM trials GROUP BY study_id")
            return {tuple(row) for row in found}


def dashboard(
    reader: RetryingStorage, writer: RetryingStorage | None, artifacts: Artifacts, drawing: PageRenderers
) -> WSGIApplication:
    """Return the dashboard of a database as an app.

    Args:
        reader: takes no lock: a page waits for nobody, and no run waits for a page.
        writer: takes the write lock for each change, waiting its turn; None for a dashboard that changes nothing.
        artifacts: of the same storage.
        drawing: what draws reports and pictures.
    """

    def views(storage: BaseStorage) -> WSGIApplication:
        theirs = listing(optuna_dashboard.wsgi(storage, artifacts.store), storage)
        return PageApp(storage, artifacts, drawing, theirs)

    changes = read_only if writer is None else optuna_dashboard.wsgi(writer, artifacts.store)
    return by_method(ReopeningApp(reader, views), changes)


class Server(ThreadingMixIn, WSGIServer):
    """Serves an app, a thread a request, and is quiet about it.

    Args:
        host: an address or name of this machine.
        port: to listen on.
        app: what answers.

    Raises:
        OSError: the address cannot be had.
    """

    daemon_threads = True
    request_queue_size = 64  # a page may ask for many pictures at once; who finds no place waits a second

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _QuietHandler)
        self.set_app(guarded(app, local=self.local))

    @property
    def local(self) -> bool:
        """Return whether only this machine can reach it."""
        return ip_address(self.server_name).is_loopback

    def server_bind(self) -> None:
        """Bind without asking DNS for this machine's name, as the class above would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    @property
    def url(self) -> str:
        """Return where a browser on this machine finds it."""
        host = self.server_name
        if ip_address(host).is_unspecified:
            host = "localhost"
        return f"http://[{host}]:{self.server_port}" if ":" in host else f"http://{host}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write a traceback, unless a browser merely went away before it had its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write no line a request; errors have theirs."""


def listen(host: str, port: int | None, app: WSGIApplication) -> Server:
    """Return a server that listens, and serves once it is told to.

    Args:
        host: an address or name of this machine.
        port: None for the next free one from ``FIRST_PORT`` on.
        app: what answers.

    Raises:
        UsageError: the host is empty.
        VoloptError: the address cannot be had.
    """
    if not host:  # a socket would take it for every address
        raise UsageError("--host names no address", "leave it out, or write 0.0.0.0 for every address")
    for candidate in range(FIRST_PORT, FIRST_PORT + PORTS) if port is None else [port]:
        try:
            return Server(host, candidate, app)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise VoloptError(
                    f"cannot listen on {host}: {error.strerror}", "leave out --host and --port"
                ) from error
    if port is None:
        raise VoloptError(f"no port from {FIRST_PORT} on is free", "name one with --port")
    raise VoloptError(f"port {port} is taken", "without --port, the dashboard takes the next free one")
