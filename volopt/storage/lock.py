"""One writer a study: a lock that the operating system frees when its process dies, however it dies."""

import json
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from volopt.errors import StorageError, StudyError


@contextmanager
def study_lock(database: Path, study: str) -> Iterator[None]:
    """Hold the lock of ``study`` while the block runs.

    Args:
        database: the SQLite file; the lock is made in a directory beside it.
        study: the study's name.

    Raises:
        StudyError: another process holds it; the message says which.
    """
    path = database.parent / "locks" / f"{database.name}.{study}.lock"
    holder = path.with_suffix(".holder")
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
    except Timeout as error:
        raise StudyError(
            f"the study {study} is being run by {_read(holder)}", "wait for it, or stop that process"
        ) from error
    except OSError as error:
        raise StorageError(
            f"cannot write in {database.parent}: {error.strerror}",
            "name a directory you may write to with --storage",
        ) from error
    try:
        holder.write_text(json.dumps(_self()))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _self() -> dict[str, str | int]:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return {"pid": os.getpid(), "host": socket.gethostname(), "since": now}


def _read(holder: Path) -> str:
    try:
        found = json.loads(holder.read_text())
        return f"process {found['pid']} on {found['host']} since {found['since']}"
    except (OSError, ValueError, KeyError):
        return "another process"
