"""Open a PostgreSQL database, and lock a study there for one writer.

The lock is an advisory lock of a session. The server frees it when the process that holds it ends in any way, and also
when the server restarts. A writer therefore takes the lock again before it uses a new connection.
"""

import hashlib
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import text

from volopt.errors import MissingStorageError, StorageError, UsageError
from volopt.storage.database.address import Address
from volopt.storage.database.errors import first_line
from volopt.storage.database.retrying import WRITER_PATIENCE, RetryingStorage

LOCK_SPACE = 1986817140  # tells volopt's advisory locks from those of other programs: "volt"
TABLES_LOCK = 0  # held while the tables are created
# In seconds, of libpq: a server that does not answer is absent, and a silent connection is noticed.
NETWORK = {"connect_timeout": 4, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

log = logging.getLogger(__name__)


class LockHolder(NamedTuple):
    """Name who holds a lock."""

    backend: int  # the server's process of that session
    name: str  # which the session gave itself
    since: datetime


def open_database(address: Address, *, write: bool, create: bool, guard: Callable[[], None]) -> RetryingStorage:
    """Return the storage in a server's database; arguments and errors are those of ``connect``."""
    engine = _engine(address, "volopt")
    try:
        with engine.connect() as connection:
            if not sqlalchemy.inspect(connection).has_table("studies") and not create:
                raise MissingStorageError(
                    f"there is no study in {address.shown}", "run one first, or name another --storage"
                )
            connection.execute(text("SELECT pg_advisory_lock(:space, :key)"), {"space": LOCK_SPACE, "key": TABLES_LOCK})
            settings = {"connect_args": NETWORK | {"application_name": "volopt"}, "pool_pre_ping": True}
            storage = RetryingStorage(address, settings, WRITER_PATIENCE if write else 0.0)
    except sqlalchemy.exc.DBAPIError as error:
        raise _no_access(address, error) from error
    sqlalchemy.event.listen(storage.engine, "connect", lambda connection, record: guard())
    return storage


class AdvisoryLock:
    """Lock one study for one writer. ``take`` takes the lock; ``release``, or the end of the process, frees it."""

    def __init__(self, address: Address, study: str, name: str) -> None:
        self._address, self._study, self._name = address, study, name
        self._key = int.from_bytes(hashlib.sha256(study.encode()).digest()[:4], signed=True)
        self._engine = _engine(address, name)
        self._connection: sqlalchemy.Connection | None = None

    def take(self) -> LockHolder | None:
        """Take the lock, or return who holds it.

        Raises:
            StorageError: the server does not answer.
        """
        try:
            connection = self._engine.connect()
            if connection.scalar(text("SELECT pg_try_advisory_lock(:space, :key)"), self._lock):
                self._connection = connection
                return None
            holder = self._holder(connection)
            connection.close()
            return holder
        except sqlalchemy.exc.DBAPIError as error:
            raise _no_access(self._address, error) from error

    def renew(self) -> None:
        """Take the lock again where its session is gone.

        Raises:
            StorageError: another process took it meanwhile.
            DBAPIError: the server does not answer.
        """
        if self._connection is None:
            return
        with suppress(sqlalchemy.exc.DBAPIError):
            self._connection.scalar(text("SELECT 1"))
            return  # the session is alive
        self._connection.invalidate()
        log.info("the session that held the lock of %s is gone; taking it again", self._study)
        connection = self._engine.connect()
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:space, :key)"), self._lock):
            holder = self._holder(connection)
            if holder is not None and holder.name != self._name:
                raise StorageError(
                    f"the study {self._study} was taken over by {holder.name} while the server did not answer",
                    "finished trials are kept; let the other process go on",
                )
            if holder is not None:  # our own old session; the server has not noticed that it is dead
                connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": holder.backend})
        self._connection = connection

    def release(self) -> None:
        """Free the lock."""
        self._engine.dispose()
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None

    @property
    def _lock(self) -> dict[str, int]:
        return {"space": LOCK_SPACE, "key": self._key}

    def _holder(self, connection: sqlalchemy.Connection) -> LockHolder | None:
        row = connection.execute(
            text(
                "SELECT activity.pid, application_name, backend_start FROM pg_locks JOIN pg_stat_activity AS activity"
                " USING (pid) WHERE locktype = 'advisory' AND granted AND objsubid = 2"
                " AND classid = CAST(:space AS bigint)::oid AND objid = (CAST(:key AS bigint) & 4294967295)::oid"
                " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            self._lock,
        ).first()
        return LockHolder(*row) if row else None


def _no_access(address: Address, error: sqlalchemy.exc.DBAPIError) -> StorageError:
    return StorageError(
        f"cannot use the database {address.shown}: {address.hide(first_line(error))}",
        "does the server run, and are host, port, user, password and database in --storage right?",
    )


def _engine(address: Address, name: str) -> sqlalchemy.Engine:
    try:
        return sqlalchemy.create_engine(
            address.url,
            isolation_level="AUTOCOMMIT",
            poolclass=sqlalchemy.NullPool,
            connect_args=NETWORK | {"application_name": name},
        )
    except ModuleNotFoundError as error:
        raise UsageError(
            "PostgreSQL needs the package psycopg, which is not installed", "pip install 'volopt[postgres]'"
        ) from error
