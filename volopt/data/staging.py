"""A hidden directory beside another, in which its successor is made.

One process at a time works for a directory, by a lock of the operating system. Whatever ends the work, nothing of it
stays and the directory is as it was, or is its whole successor; the one exception is a process that is killed: it
leaves the hidden directory, and the next one for the same directory first puts back what had been moved aside there,
then clears it away.
"""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from volopt.data.bins import SYNTHETIC
from volopt.data.files import is_directory, names
from volopt.errors import DownloadError, UsageError

# What a provider directory holds, qlib's own caches in it, and the zip that qlib's own download leaves there.
_OURS = re.compile(rf"calendars|instruments|features|\w+_cache|{re.escape(SYNTHETIC)}|\d{{14}}_.+\.zip")
_OLD = "old"
_DONE = "done"
_LOCK = "lock"


def refuse_taken(directory: Path, force: bool) -> None:
    """Make sure that a directory may be put there.

    Args:
        directory: where.
        force: whether it may replace a provider; nothing else is ever replaced.

    Raises:
        UsageError: there is something that may not be replaced.
        OSError: it has no name that a file system takes.
    """
    if not is_directory(directory):
        if directory.exists():
            raise UsageError(f"{directory} is a file", "name another directory")
        return
    held = names(directory)
    if held and not force:
        raise UsageError(f"{directory} is there already", "name another directory, or replace it with --force")
    strange = [name for name in held if not _OURS.fullmatch(name)]
    if strange:
        message = f"{directory} is not replaced: it holds {strange[0]}, which is no part of a data directory"
        raise UsageError(message, "move that away, or name another directory")


@contextmanager
def staging(directory: Path) -> Iterator[Path]:
    """Hold the hidden directory while the block runs, empty but for its lock.

    Raises:
        DownloadError: another process is at work for the same directory.
        OSError: it cannot be made.
    """
    hidden = directory.with_name(f".{directory.name}.staging")
    with ExitStack() as stack:
        for parent in reversed([each for each in hidden.parents if not each.exists()]):
            stack.callback(_remove_empty, parent)
        hidden.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            hidden.mkdir(mode=0o700)
        if hidden.is_symlink() or hidden.stat().st_uid != os.geteuid():  # in a directory for all, it may be a trap
            raise DownloadError(f"{hidden} is another user's", "remove it, or name another directory")
        lock = _locked(hidden, directory)
        stack.callback(lock.release)
        stack.callback(_remove, hidden)
        _clear(hidden, directory)
        yield hidden


def _locked(hidden: Path, directory: Path) -> FileLock:
    lock = FileLock(hidden / _LOCK)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        message = f"another process is writing data to {directory}"
        raise DownloadError(message, "wait until it is done, or name another directory") from error
    return lock


def _remove(hidden: Path) -> None:
    """Remove all of it; Ctrl-C meanwhile, which for many files takes seconds, is heard when they are gone."""
    interrupted = False
    while hidden.exists():
        try:
            shutil.rmtree(hidden, ignore_errors=True)
            break
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        raise KeyboardInterrupt


def _remove_empty(directory: Path) -> None:
    with suppress(OSError):  # there is something in it
        directory.rmdir()


def put(made: Path, directory: Path, hidden: Path) -> None:
    """Rename ``made`` to ``directory``, and what is there to somewhere in ``hidden``."""
    try:
        if directory.exists():
            directory.rename(hidden / _OLD)
        made.rename(directory)
        if (hidden / _OLD).exists():
            (hidden / _OLD).rename(hidden / _DONE)  # half of it, as a kill leaves it, must never be put back
    except BaseException:
        _put_back(hidden, directory)
        raise


def _clear(hidden: Path, directory: Path) -> None:
    _put_back(hidden, directory)
    for path in hidden.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()


def left_aside(directory: Path) -> Path:
    """Where a process killed in the middle of ``put`` leaves what was at ``directory``."""
    return directory.with_name(f".{directory.name}.staging") / _OLD


def _put_back(hidden: Path, directory: Path) -> None:
    if (hidden / _OLD).is_dir() and not directory.exists():
        (hidden / _OLD).rename(directory)
