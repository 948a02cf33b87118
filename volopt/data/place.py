"""A directory that is replaced whole: the new one is built beside it and renamed into its place.

Beside ``DIR`` the work is done in ``.DIR.import``, which holds the lock, the directory being built and, for a moment,
the ``previous`` one. What a killed process leaves: ``DIR`` as it was, with a work directory that the next import
clears away; or, killed between the two renames, no ``DIR`` but the whole of it as ``previous``, which the next
import puts back; or ``DIR`` as it is to be, and the ``previous`` one beside it, cleared away likewise. Only a process
of its own can be killed: against loss of power nothing is flushed to the disk.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from volopt.definition.plain import shortened
from volopt.errors import DataError


def previous(directory: Path) -> Path:
    """Where the old directory lies between the two renames."""
    return _work(directory) / "previous"


def _work(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.import")


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """Give the path of a directory to build; it takes the place of ``directory`` when the block ends without an error.

    Raises:
        DataError: another process replaces it at the moment, or nothing can be written there.
    """
    given, directory = directory, _itself(directory)
    work = _work(directory)
    try:
        work.mkdir(parents=True, exist_ok=True)
        with FileLock(work / "lock").acquire(timeout=0):
            try:
                put_back(directory)
                _clear(work)
                yield work / "building"
                _swap(directory, work)
            finally:
                put_back(directory)  # if interrupted between the renames
                shutil.rmtree(work, ignore_errors=True)
    except Timeout as error:
        raise DataError(f"{given} is being written by another import", "wait for it to end") from error
    except OSError as error:
        reason = error.strerror or shortened(str(error))
        raise DataError(f"{given} cannot be written: {reason}", "name another directory") from error


def _itself(directory: Path) -> Path:
    """Where a directory is, so that a link to it stays a link."""
    try:
        found = directory.resolve()
    except (OSError, RuntimeError) as error:  # links in a circle
        raise DataError(f"{directory} cannot be written: {shortened(str(error))}", "name another directory") from error
    if Path.cwd().is_relative_to(found):
        raise DataError(f"{directory} is to be replaced, and is where you are", "go to another directory first")
    return found


def put_back(directory: Path) -> None:
    """Give a directory its place again that a process killed between the two renames has left beside."""
    if previous(directory).exists() and not directory.exists():
        previous(directory).replace(directory)


def _clear(work: Path) -> None:
    for name in ("building", "previous", "done"):
        shutil.rmtree(work / name, ignore_errors=True)


def _swap(directory: Path, work: Path) -> None:
    old = previous(directory)
    if directory.exists():
        directory.replace(old)
    (work / "building").replace(directory)
    if old.exists():
        old.replace(work / "done")  # half of it, cleared away, is never taken for the whole
