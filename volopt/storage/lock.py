"""One writer a study: a lock that the operating system, or the database's server, frees when its process dies."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from filelock import FileLock, Timeout

from volopt.errors import StorageError, StudyError
from volopt.storage.database.address import Address


class StudyLock(Protocol):
    """A lock that is held."""

    def renew(self) -> None:
        """Make sure that it is still held, before a new connection is used.

        Raises:
            StorageError: another process holds it now.
        """


@contextmanager
def study_lock(where: Address, study: str) -> Iterator[StudyLock]:
    """Hold the lock of ``study`` while the block runs.

    Args:
        where: the storage; the lock of a SQLite file is made in a directory beside it.
        study: the study's name.

    Raises:
        StudyError: another process holds it; the message says which.
        StorageError: the lock cannot be made.
    """
    with _of_file(where.file, study) if where.file is not None else _of_server(where, study) as lock:
        yield lock


class _FileLock:
    """A lock of the operating system, which nothing takes away."""

    def renew(self) -> None:
        """Still hold it."""


@contextmanager
def _of_file(database: Path, study: str) -> Iterator[StudyLock]:
    path = database.parent / "locks" / f"{database.name}.{study}.lock"
    holder = path.with_suffix(".holder")
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        holder.write_text(json.dumps(_self()))
    except Timeout as error:
        raise _held(study, _read(holder)) from error
    except OSError as error:
        raise StorageError(
            f"cannot write in {database.parent}: {error.strerror}",
            "name a directory you may write to with --storage, or free some space",
        ) from error
    try:
        yield _FileLock()
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _of_server(where: Address, study: str) -> Iterator[StudyLock]:
    from volopt.storage.database.postgres import AdvisoryLock

    lock = AdvisoryLock(where, study, f"process {os.getpid()} on {socket.gethostname()}"[:63])
    holder = lock.take()
    if holder is not None:
        raise _held(study, f"{holder.name} since {holder.since:%Y-%m-%dT%H:%M:%S%z}")
    try:
        yield lock
    finally:
        lock.release()


def _held(study: str, who: str) -> StudyError:
    return StudyError(f"the study {study} is being run by {who}", "wait for it, or stop that process")


def _self() -> dict[str, str | int]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": now}


def _read(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text())
        return f"process {found['pid']} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
