"""Combine the dashboard's apps, and serve them over HTTP."""

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

from volopt.dashboard.guards import check_new_names, guard, refuse_changes
from volopt.dashboard.pages import PageApp, Pages
from volopt.dashboard.responses import READING_METHODS
from volopt.dashboard.study_api import StudyListCache, amend_study_api
from volopt.dashboard.study_figures import FiguresOnDemand
from volopt.errors import UsageError, VoloptError
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.retrying import RetryingStorage

FIRST_PORT = 8080
MAX_PORTS = 100  # tried from the first one on


class ReopeningApp:
    """Build the app over a database, and build it again when a study was deleted.

    Optuna caches finished trials by the id of their study, and SQLite reuses the id of a deleted study. So without a
    new app, a study that was deleted and run again would show its old trials.
    """

    def __init__(self, storage: RetryingStorage, build: Callable[[BaseStorage], WSGIApplication]) -> None:
        self._storage, self._build_app = storage, build
        self._lock = threading.Lock()
        self._studies, self._app = self._study_starts(), self._build()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer from the current content of the database."""
        with self._lock:
            studies = self._study_starts()
            if not self._studies <= studies:
                self._app = self._build()
            self._studies, app = studies, self._app
        return app(environ, start_response)

    def _build(self) -> WSGIApplication:
        storage = StudyListCache(self._storage)
        threading.Thread(target=storage.read_ahead, daemon=True).start()
        return self._build_app(storage)

    def _study_starts(self) -> set[tuple[Any, ...]]:
        """Return id and start of the first trial of each study, which together identify it."""
        with self._storage.engine.connect() as connection:
            query = "SELECT study_id, MIN(datetime_start) FROM trials GROUP BY study_id"
            return {tuple(row) for row in connection.exec_driver_sql(query)}


def dashboard(
    reader: RetryingStorage, writer: RetryingStorage | None, artifacts: Artifacts, pages: Pages
) -> WSGIApplication:
    """Return the dashboard of a database as an app.

    Args:
        reader: takes no lock, so that pages and runs never wait for each other.
        writer: waits for the write lock for each change; None for a read-only dashboard.
        artifacts: of the same storage.
        pages: write the list of studies and the reports.
    """

    def build(storage: BaseStorage) -> WSGIApplication:
        study_api = amend_study_api(
            optuna_dashboard.wsgi(storage, artifacts.store), storage, FiguresOnDemand(storage, artifacts, pages.cards)
        )
        return PageApp(storage, artifacts, pages, study_api)

    reads = ReopeningApp(reader, build)
    changes = refuse_changes if writer is None else check_new_names(optuna_dashboard.wsgi(writer, artifacts.store))

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return (reads if environ["REQUEST_METHOD"] in READING_METHODS else changes)(environ, start_response)

    return app


class Server(ThreadingMixIn, WSGIServer):
    """Serve an app, one thread for each request, and log only errors; raise OSError if the address is unavailable."""

    daemon_threads = True
    request_queue_size = 64  # a page may request many pictures at once; a request that is not queued waits a second

    def __init__(self, host: str, port: int, app: WSGIApplication) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _QuietHandler)
        self.set_app(guard(app, local=self.local))

    @property
    def local(self) -> bool:
        """Return whether only this machine can reach the server."""
        return ip_address(self.server_name).is_loopback

    def server_bind(self) -> None:
        """Bind without a DNS query for this machine's name, which the base class makes."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
        self.setup_environ()

    @property
    def url(self) -> str:
        """Return the URL for a browser on this machine."""
        host = self.server_name
        if ip_address(host).is_unspecified:
            host = "localhost"
        return f"http://[{host}]:{self.server_port}" if ":" in host else f"http://{host}:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Write a traceback, unless the browser closed the connection before it had its response."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Do not log requests; errors are logged elsewhere."""


def listen(host: str, port: int | None, app: WSGIApplication) -> Server:
    """Return a server on an address or name of this machine; ``serve_forever`` starts it.

    Without a port it takes the next free one from ``FIRST_PORT`` on.

    Raises:
        UsageError: the host is empty.
        VoloptError: the address is not available.
    """
    if not host:  # a socket would listen on every address
        raise UsageError("--host names no address", "leave it out, or write 0.0.0.0 for every address")
    for candidate in range(FIRST_PORT, FIRST_PORT + MAX_PORTS) if port is None else [port]:
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
