"""A throw-away PostgreSQL server, on loopback only, for tests that need a real one."""

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

USER = "volopt"
PASSWORD = "s3cret/pass@word:1"  # all that a URL must quote
DEBIAN = Path("/usr/lib/postgresql")


def programs() -> Path | None:
    """The directory of initdb and pg_ctl, or None: in the PATH, or where Debian keeps the newest."""
    found = shutil.which("initdb")
    if found:
        return Path(found).parent
    places = [path.parent for path in DEBIAN.glob("*/bin/initdb")]
    return max(places, key=lambda place: float(place.parent.name), default=None)


class Server:
    """A cluster of its own in a directory, which need not exist; root runs it as the user postgres, as it must."""

    def __init__(self, directory: Path, programs: Path) -> None:
        self.port = _free_port()
        self._directory, self._programs = directory, programs
        self._user = "postgres" if os.geteuid() == 0 else None
        self._numbers = itertools.count(1)
        self._create()

    @property
    def url(self) -> str:
        """The URL of the database that every cluster has."""
        return self._url("postgres")

    def database(self) -> str:
        """Make a fresh database, and return its URL."""
        import psycopg

        name = f"volopt_{next(self._numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return self._url(name)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._control("start")

    def stop(self, mode: str = "fast") -> None:
        """Stop it: `fast` ends sessions in order, `immediate` is as a crash."""
        self._control("stop", "-m", mode)

    def restart(self, mode: str = "immediate") -> None:
        """Stop it, and start it again on the same port."""
        self.stop(mode)
        self.start()

    def _create(self) -> None:
        self._directory.mkdir(parents=True, exist_ok=True)
        secret = self._directory / "password"
        secret.write_text(PASSWORD)
        for path in (self._directory, secret):
            if self._user:
                shutil.chown(path, self._user)
        self._directory.chmod(0o700)
        users = ["--username", USER, "--pwfile", str(secret), "--auth", "scram-sha-256"]
        self._run("initdb", "--pgdata", str(self._data), *users, "--encoding", "UTF8", "--locale", "C", "--no-sync")
        with (self._data / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = '127.0.0.1'\nport = {self.port}\n")
            settings.write(f"unix_socket_directories = '{self._directory}'\nfsync = off\n")

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def _url(self, database: str) -> str:
        return f"postgresql://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/{database}"

    def _control(self, *what: str) -> None:
        log = str(self._directory / "server.log")
        self._run("pg_ctl", "--pgdata", str(self._data), "--log", log, "--wait", *what)

    def _run(self, program: str, *arguments: str) -> None:
        output = self._directory / "output"  # no pipe: the server inherits it, and it would stay open while that runs
        with output.open("w") as stream:
            done = subprocess.run(
                [self._programs / program, *arguments],
                user=self._user,
                cwd=self._directory,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
            )
        if done.returncode:
            raise RuntimeError(f"{program}: {output.read_text()}")


@contextmanager
def server() -> Iterator[Server]:
    """A running server, stopped and removed at the end.

    Raises:
        FileNotFoundError: There is no PostgreSQL on this machine.
    """
    found = programs()
    if not found:
        raise FileNotFoundError(f"no PostgreSQL: initdb is neither in the PATH nor in {DEBIAN}/*/bin")
    with tempfile.TemporaryDirectory(prefix="volopt-postgres-") as directory:
        made = Server(Path(directory), found)
        made.start()
        try:
            yield made
        finally:
            made.stop("immediate")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
