"""Opening a SQLite file.

It runs in WAL mode with ``synchronous=NORMAL``: a killed process loses nothing that was committed, and readers never
wait. Only when a trial is told does SQLite wait for the disk: a finished trial, with all that was written before it,
survives a power cut too.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState

from volopt.errors import MissingStorageError, StorageError
from volopt.storage.database.address import Address, address
from volopt.storage.database.errors import advice, fault, told
from volopt.storage.database.retrying import LOST, RetryingStorage
from volopt.storage.database.transaction import SharedSession

LOCK_TIMEOUT = 60  # seconds to wait for another writer; SQLite's own default of 5 is too short
TABLES = frozenset({"studies", "trials", "version_info", "alembic_version"})  # that every Optuna database has
ELSEWHERE = "name another file with --storage"
WRITABLE = "name a directory you may write to with --storage, or free some space"


def open_file(where: Address, path: Path, *, write: bool, create: bool) -> RetryingStorage:
    """Return the storage in a file; the arguments and errors are those of ``connect``."""
    if not path.exists() and not create:
        raise MissingStorageError(f"there is no database at {path}", f"run a study first, or {ELSEWHERE}")
    _check(path)
    try:
        if not path.exists():
            _create(path)
        settings = {"connect_args": {"timeout": LOCK_TIMEOUT}}
        storage = SQLiteStorage(where, settings, LOST if write else 0.0)
        sqlalchemy.event.listen(storage.engine, "connect", _configure)
        if write:
            sqlalchemy.event.listen(storage.engine, "begin", _WriteTransaction(path, storage))
        storage.engine.dispose()  # drop the connection that was opened before the listeners
        with storage.engine.connect():
            return storage
    except OSError as error:
        raise StorageError(f"cannot write the database {path}: {error.strerror}", WRITABLE) from error
    except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
        found = fault(error)
        if found is None:
            raise
        raise StorageError(f"cannot use the database {path}: {told(found)}", advice(found)) from error


def _create(path: Path) -> None:
    """Make an empty database beside ``path`` and link it there: it appears whole, made by the first process alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        RetryingStorage(address(f"sqlite:///{part}"), {}, 0.0).engine.dispose()
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
    if path.is_dir():
        raise StorageError(f"{path} is a directory", "name a file in it with --storage, as in volopt.db")
    if not path.exists() or path.stat().st_size == 0:
        return
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=LOCK_TIMEOUT)
        try:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        finally:
            connection.close()
    except sqlite3.DatabaseError as error:
        raise StorageError(f"{path} is no SQLite database ({error})", ELSEWHERE) from error
    if tables and not tables >= TABLES:
        raise StorageError(f"{path} is the database of another program", ELSEWHERE)


def _configure(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where the driver guesses
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class SQLiteStorage(RetryingStorage):
    """A SQLite file."""

    telling = False  # whether the next transaction is to wait for the disk

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Tell a trial, and have it on the disk."""
        telling, self.telling = self.telling, True
        try:
            return super().set_trial_state_values(trial_id, state, values)
        finally:
            self.telling = telling

    @contextmanager
    def together(self, *, durable: bool = False) -> Iterator[None]:
        """Make one transaction of what is asked within; a ``durable`` one waits for the disk.

        The write lock is held meanwhile, so nothing slow belongs in it. An error undoes all of it.

        Raises:
            StorageError: the transaction failed.
        """
        sessions, telling = self.scoped_session, self.telling
        shared = SharedSession(sessions)
        self.scoped_session = shared  # type: ignore[assignment]  # it stands in for one
        self.telling = durable
        well = False
        try:
            yield
            well = True
        finally:
            self.scoped_session = sessions
            try:
                shared.finish(well=well)
            except sqlalchemy.exc.SQLAlchemyError as error:  # never tried again: there is nothing left to commit
                raise self.unusable(error) or error from error
            finally:
                self.telling = telling


class _WriteTransaction:
    """Begins the transactions of a writer."""

    def __init__(self, path: Path, storage: SQLiteStorage) -> None:
        self._path, self._opened, self._storage = path, path.stat(), storage

    def __call__(self, connection: sqlalchemy.Connection) -> None:
        """Take the write lock, since two processes could claim the same queued trial otherwise."""
        self._still_there()
        connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if self._storage.telling else 'NORMAL'}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    def _still_there(self) -> None:
        """Look whether the file is the one that was opened: SQLite goes on writing into one that was removed."""
        try:
            there = os.path.samestat(self._path.stat(), self._opened)
        except OSError:
            there = False
        if not there:
            raise StorageError(
                f"the database {self._path} was removed or replaced while it was in use",
                "put it back, then run the same command again",
            )
