"""Opening a PostgreSQL database, and the lock that makes one writer of a study there.

The lock is an advisory one of a session: the server frees it when the process that holds it is gone, however it went,
and also when the server itself is restarted. A writer therefore takes it again before it uses a new connection.
"""

import hashlib
import logging
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

import sqlalchemy
from sqlalchemy import text

from volopt.errors import MissingStorageError, StorageError, UsageError
from volopt.storage.database.address import Address
from volopt.storage.database.errors import told
from volopt.storage.database.retrying import LOST, RetryingStorage

SPACE = 1986817140  # of our advisory locks among those of other programs: "volt"
MAKING = 0  # held while the tables are made
# In seconds, of libpq: a server that does not answer is no server, and one that went silent is noticed.
NETWORK = {"connect_timeout": 4, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}

log = logging.getLogger(__name__)


class LockHolder(NamedTuple):
    """Who holds a lock."""

    backend: int  # the server's process for that session
    name: str  # that the session gave itself
    since: datetime


def open_database(where: Address, *, write: bool, create: bool, guard: Callable[[], None]) -> RetryingStorage:
    """Return the storage in a server's database; the arguments and errors are those of ``connect``."""
    engine = _engine(where, "volopt")
    try:
        with engine.connect() as connection:
            if not sqlalchemy.inspect(connection).has_table("studies") and not create:
                raise MissingStorageError(
                    f"there is no study in {where.shown}", "run one first, or name another --storage"
                )
            connection.execute(text("SELECT pg_advisory_lock(:space, :key)"), {"space": SPACE, "key": MAKING})
            settings = {"connect_args": NETWORK | {"application_name": "volopt"}, "pool_pre_ping": True}
            storage = RetryingStorage(where, settings, LOST if write else 0.0)
    except sqlalchemy.exc.DBAPIError as error:
        raise out_of_reach(where, error) from error
    sqlalchemy.event.listen(storage.engine, "connect", lambda connection, record: guard())
    return storage


class AdvisoryLock:
    """The lock of one study. ``hold`` takes it; who has taken it lets go with ``release``, or by ending."""

    def __init__(self, where: Address, study: str, name: str) -> None:
        self._where, self._study, self._name = where, study, name
        self._key = int.from_bytes(hashlib.sha256(study.encode()).digest()[:4], signed=True)
        self._engine = _engine(where, name)
        self._connection: sqlalchemy.Connection | None = None

    def take(self) -> LockHolder | None:
        """Take the lock, or return who holds it.

        Raises:
            StorageError: the server is out of reach.
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
            raise out_of_reach(self._where, error) from error

    def renew(self) -> None:
        """Take the lock again where its session is gone.

        Raises:
            StorageError: another process took it meanwhile.
            DBAPIError: the server is out of reach.
        """
        if self._connection is None or self._alive(self._connection):
            return
        self._connection.invalidate()
        log.info("the session that held the lock of %s is gone; taking it again", self._study)
        connection = self._engine.connect()
        while not connection.scalar(text("SELECT pg_try_advisory_lock(:space, :key)"), self._lock):
            holder = self._holder(connection)
            if holder is not None and holder.name != self._name:
                raise StorageError(
                    f"the study {self._study} was taken over by {holder.name} while the server was out of reach",
                    "what is finished is kept; let the other one go on",
                )
            if holder is not None:  # our own old session, of which the server has not heard that it is dead
                connection.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": holder.backend})
        self._connection = connection

    def release(self) -> None:
        """Let go."""
        self._engine.dispose()
        if self._connection is not None:
            self._connection.invalidate()
            self._connection = None

    @property
    def _lock(self) -> dict[str, int]:
        return {"space": SPACE, "key": self._key}

    def _alive(self, connection: sqlalchemy.Connection) -> bool:
        try:
            connection.scalar(text("SELECT 1"))
        except sqlalchemy.exc.DBAPIError:
            return False
        return True

    def _holder(self, connection: sqlalchemy.Connection) -> LockHolder | None:
        found = connection.execute(
            text(
                "SELECT activity.pid, application_name, backend_start FROM pg_locks JOIN pg_stat_activity AS activity"
                " USING (pid) WHERE locktype = 'advisory' AND granted AND objsubid = 2"
                " AND classid = CAST(:space AS bigint)::oid AND objid = (CAST(:key AS bigint) & 4294967295)::oid"
                " AND pg_locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            ),
            self._lock,
        ).first()
        return LockHolder(*found) if found else None


def out_of_reach(where: Address, error: sqlalchemy.exc.DBAPIError) -> StorageError:
    """Return what to say of a server that does not let us in."""
    return StorageError(
        f"cannot use the database {where.shown}: {where.hide(told(error))}",
        "does the server run, and do host, port, user, password and database in --storage fit it?",
    )


def _engine(where: Address, name: str) -> sqlalchemy.Engine:
    try:
        return sqlalchemy.create_engine(
            where.url,
            isolation_level="AUTOCOMMIT",
            poolclass=sqlalchemy.NullPool,
            connect_args=NETWORK | {"application_name": name},
        )
    except ModuleNotFoundError as error:
        raise UsageError(
            "PostgreSQL needs the package psycopg, which is not installed", "pip install 'volopt[postgres]'"
        ) from error
