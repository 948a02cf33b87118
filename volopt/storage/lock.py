"""Lock a study for one writer. The operating system, or the database server, frees the lock when the process ends."""

import hashlib
import json
import os
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from volopt.errors import StorageError, StudyError
from volopt.storage.database.address import Address

MAX_NAME = 100  # characters

Renew = Callable[[], None]


def study_lock(address: Address, study: str) -> AbstractContextManager[Renew]:
    """Hold the lock of a study in the block, which gets a function to renew it.

    A writer renews the lock before it uses a new connection. That makes sure that this process still holds the lock,
    and raises a StorageError where another process holds it now.

    Args:
        address: of the storage; the lock of a SQLite file is in a directory beside it.
        study: the study's name.

    Raises:
        StudyError: another process holds it; the message names the process.
        StorageError: the lock cannot be created.
    """
    return _file_lock(address.file, study) if address.file is not None else _server_lock(address, study)


def file_name(study: str) -> str:
    """Return the name of a study as part of a file's name; another program may have given it one that is a path."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", study)[:MAX_NAME].lstrip(".")
    return plain if plain == study else f"{plain}-{hashlib.sha256(study.encode()).hexdigest()[:8]}"


@contextmanager
def _file_lock(database: Path, study: str) -> Iterator[Renew]:
    path = database.parent / "locks" / f"{database.name}.{file_name(study)}.lock"
    holder = path.with_suffix(".holder")
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        since = datetime.now(UTC).isoformat(timespec="seconds")
        holder.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname(), "since": since}))
    except Timeout as error:
        raise _is_held(study, _read_holder(holder)) from error
    except OSError as error:
        raise StorageError(
            f"cannot write in {database.parent}: {error.strerror}",
            "name a directory you may write to with --storage, or free some space",
        ) from error
    try:
        yield lambda: None  # no other process can take away a lock of the operating system
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def _server_lock(address: Address, study: str) -> Iterator[Renew]:
    from volopt.storage.database.postgres import AdvisoryLock

    lock = AdvisoryLock(address, study, f"process {os.getpid()} on {socket.gethostname()}"[:63])
    holder = lock.take()
    if holder is not None:
        raise _is_held(study, f"{holder.name} since {holder.since:%Y-%m-%dT%H:%M:%S%z}")
    try:
        yield lock.renew
    finally:
        lock.release()


def _is_held(study: str, holder: str) -> StudyError:
    return StudyError(f"the study {study} is being run by {holder}", "wait for it, or stop that process")


def _read_holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text())
        return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
