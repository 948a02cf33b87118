"""Opening the database.

Contract: whoever opens it may read at any time; only the process that holds the study's lock writes to a study. SQLite
runs in WAL mode with ``synchronous=NORMAL``: a killed process loses nothing that was committed, and readers never wait.
"""

import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage

from volopt.errors import StorageError, UsageError

LOCK_TIMEOUT = 60  # seconds to wait for another writer; SQLite's own default of 5 is too short
TABLES = frozenset({"studies", "trials", "version_info", "alembic_version"})  # that every Optuna database has


def database_path(url: str) -> Path:
    """Return the file of a ``sqlite:///FILE`` URL.

    Raises:
        UsageError: the URL is of another kind.
    """
    path = url.removeprefix("sqlite:///")
    if path == url or not path or path.startswith(":") or "?" in path:
        shown = re.sub("//.*@", "//***@", url).partition("?")[0]  # without a password
        raise UsageError(
            f"{shown} is no storage volopt can use", "write --storage sqlite:///FILE, as in sqlite:///my.db"
        )
    return Path(path)


def connect(url: str, *, write: bool = False, create: bool = False) -> RDBStorage:
    """Return the storage at a URL.

    Args:
        url: ``sqlite:///FILE``.
        write: transactions take the write lock as they begin; a reader takes none and waits for nobody.
        create: make the database where it is missing; without it, a missing one is an error.

    Raises:
        StorageError: the file is missing, of another program, of a newer Optuna, or cannot be written.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    path = database_path(url)
    if not path.exists() and not create:
        raise StorageError(f"there is no database at {path}", "run a study first, or name another with --storage")
    _check(path)
    try:
        if not path.exists():
            _create(path)
        storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": LOCK_TIMEOUT}})
        sqlalchemy.event.listen(storage.engine, "connect", _configure)
        if write:
            sqlalchemy.event.listen(storage.engine, "begin", _begin)
        storage.engine.dispose()  # drop the connection that was opened before the listeners
        with storage.engine.connect():
            return storage
    except RuntimeError as error:
        raise StorageError(
            f"{path} was written by another version of Optuna",
            "update Optuna, or name another file with --storage",
        ) from error
    except (OSError, sqlalchemy.exc.OperationalError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error.orig)
        raise StorageError(
            f"cannot write the database {path}: {reason}", "name a directory you may write to with --storage"
        ) from error


def _create(path: Path) -> None:
    """Make an empty database beside ``path`` and link it there: it appears whole, made by the first process alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        RDBStorage(f"sqlite:///{part}").engine.dispose()
        try:
            os.link(part, path)  # fails where another process was first
        except FileExistsError:
            return
        except OSError:  # a file system without links
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _check(path: Path) -> None:
    """Refuse a file that another program made, before Optuna would add its tables to it."""
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_TIMEOUT)
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StorageError(f"{path} is no SQLite database ({error})", "name another file with --storage") from error
    if tables and not tables >= TABLES:
        raise StorageError(f"{path} is the database of another program", "name another file with --storage")


def _configure(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where the driver guesses
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


def _begin(connection: sqlalchemy.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")  # otherwise two processes can claim the same queued trial
