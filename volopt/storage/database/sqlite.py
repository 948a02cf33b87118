"""Open a SQLite file.

The file is in WAL mode with ``synchronous=NORMAL``: a killed process loses nothing that was committed, and readers
never wait. SQLite waits for the disk only when a trial is finished, so a finished trial survives a power cut, too.
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
from volopt.storage.database.address import Address, parse_address
from volopt.storage.database.errors import advice, database_fault, first_line
from volopt.storage.database.retrying import WRITER_PATIENCE, RetryingStorage
from volopt.storage.database.transaction import SharedSession

LOCK_TIMEOUT = 60  # seconds to wait for another writer; SQLite's own default of 5 is too short
TABLES = frozenset({"studies", "trials", "version_info", "alembic_version"})  # that every Optuna database has
ANOTHER_FILE = "name another file with --storage"
WRITABLE = "name a directory you may write to with --storage, or free some space"


def open_file(address: Address, path: Path, *, write: bool, create: bool) -> RetryingStorage:
    """Return the storage in a file; arguments and errors are those of ``connect``."""
    if not path.exists() and not create:
        raise MissingStorageError(f"there is no database at {path}", f"run a study first, or {ANOTHER_FILE}")
    _check(path)
    try:
        if not path.exists():
            _create(path)
        settings = {"connect_args": {"timeout": LOCK_TIMEOUT}}
        storage = SQLiteStorage(address, settings, WRITER_PATIENCE if write else 0.0)
        sqlalchemy.event.listen(storage.engine, "connect", _configure)
        if write:
            opened = path.stat()
            sqlalchemy.event.listen(
                storage.engine, "begin", lambda connection: _begin(connection, storage, path, opened)
            )
        storage.engine.dispose()  # drop the connection that was opened before the listeners
        with storage.engine.connect():
            return storage
    except OSError as error:
        raise StorageError(f"cannot write the database {path}: {error.strerror}", WRITABLE) from error
    except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
        fault = database_fault(error)
        if fault is None:
            raise
        raise StorageError(f"cannot use the database {path}: {first_line(fault)}", advice(fault)) from error


def _create(path: Path) -> None:
    """Create an empty database beside ``path`` and link it there, so that only the first process creates it, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        RetryingStorage(parse_address(f"sqlite:///{part}"), {}, 0.0).engine.dispose()
        try:
            os.link(part, path)
        except FileExistsError:  # another process was first
            return
        except OSError:  # a file system without links
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _check(path: Path) -> None:
    """Refuse the file of another program, before Optuna would add its tables."""
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
        raise StorageError(f"{path} is no SQLite database ({error})", ANOTHER_FILE) from error
    if tables and not tables >= TABLES:
        raise StorageError(f"{path} is the database of another program", ANOTHER_FILE)


def _configure(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy begins them, not where the driver guesses
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


class SQLiteStorage(RetryingStorage):
    """Store studies in a SQLite file."""

    is_durable = False  # whether the next transaction waits for the disk

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Finish a trial and wait for the disk."""
        before, self.is_durable = self.is_durable, True
        try:
            return super().set_trial_state_values(trial_id, state, values)
        finally:
            self.is_durable = before

    @contextmanager
    def transaction(self, *, durable: bool = False) -> Iterator[None]:
        """Make one transaction of all calls in the block; a ``durable`` one waits for the disk.

        The transaction holds the write lock, so nothing slow belongs in the block. An error undoes all calls.

        Raises:
            StorageError: the transaction failed.
        """
        sessions, before = self.scoped_session, self.is_durable
        shared = SharedSession(sessions)
        self.scoped_session = shared  # type: ignore[assignment]  # it replaces one
        self.is_durable = durable
        success = False
        try:
            yield
            success = True
        finally:
            self.scoped_session = sessions
            try:
                shared.finish(success=success)
            except sqlalchemy.exc.SQLAlchemyError as error:  # not tried again: there is nothing left to commit
                fault = database_fault(error)
                raise (self.give_up(fault) if fault else error) from error
            finally:
                self.is_durable = before


def _begin(connection: sqlalchemy.Connection, storage: SQLiteStorage, path: Path, opened: os.stat_result) -> None:
    """Take the write lock; without it two processes could claim the same queued trial.

    Refuse to write where the file was removed or replaced; SQLite would go on with the removed one.
    """
    try:
        is_same = os.path.samestat(path.stat(), opened)
    except OSError:
        is_same = False
    if not is_same:
        raise StorageError(
            f"the database {path} was removed or replaced while it was in use",
            "put it back, then run the same command again",
        )
    connection.exec_driver_sql(f"PRAGMA synchronous={'FULL' if storage.is_durable else 'NORMAL'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE")
