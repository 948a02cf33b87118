"""Replace a directory by a new one, whole or not at all.

The new directory is built in a hidden directory beside the old one. A lock of the operating system lets one process
at a time work there. An error or Ctrl-C leaves the old directory and removes the hidden one. A killed process leaves
the hidden directory; the next process for the same directory first restores the old directory from it, then clears it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from volopt.errors import DataError

_NEW, _OLD, _DONE, _LOCK = "new", "old", "done", "lock"


@contextmanager
def replacing(directory: Path) -> Iterator[Path]:
    """Yield the path of a directory to build, which replaces ``directory`` when the block ends without an error.

    The block may use the parent of that path for other files. A link stays, and the directory behind it is replaced.

    Raises:
        DataError: another process is writing there, the current directory is in it, or the hidden directory belongs to
            another user.
        OSError: a directory cannot be written.
    """
    target = Path(os.path.realpath(directory))
    if Path.cwd().is_relative_to(target):
        raise DataError(
            f"{directory} holds the current directory and cannot be replaced", "change to another one first"
        )
    hidden = _hidden(target)
    with ExitStack() as stack:
        for parent in reversed([path for path in hidden.parents if not path.exists()]):
            stack.callback(_remove_empty, parent)
        hidden.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            hidden.mkdir(mode=0o700)
        if hidden.is_symlink() or hidden.stat().st_uid != os.geteuid():  # a trap, where every user may write
            raise DataError(f"{hidden} belongs to another user", "remove it, or name another directory")
        lock = FileLock(hidden / _LOCK)
        try:
            stack.enter_context(lock.acquire(timeout=0))
        except Timeout as error:
            raise DataError(
                f"another process is writing data to {target}", "wait, or name another directory"
            ) from error
        stack.callback(_remove, hidden)
        _clear(hidden, target)
        yield hidden / _NEW
        _install(hidden, target)


def backup_path(directory: Path) -> Path:
    """Return where a process that is killed while it replaces ``directory`` leaves the old one."""
    return _hidden(directory) / _OLD


def _hidden(directory: Path) -> Path:
    return directory.with_name(f".{directory.name}.staging")


def _remove(hidden: Path) -> None:
    """Remove all of it, and raise a Ctrl-C only then: many files take seconds."""
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
    with suppress(OSError):  # it is not empty
        directory.rmdir()


def _clear(hidden: Path, directory: Path) -> None:
    _restore(hidden, directory)
    for path in hidden.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()


def _install(hidden: Path, directory: Path) -> None:
    """Move the old directory aside and the new one to its path."""
    try:
        if directory.exists():
            directory.rename(hidden / _OLD)
        (hidden / _NEW).rename(directory)
        if (hidden / _OLD).exists():
            (hidden / _OLD).rename(hidden / _DONE)  # a kill may leave half of it, which must not be restored
    except BaseException:
        _restore(hidden, directory)
        raise


def _restore(hidden: Path, directory: Path) -> None:
    if (hidden / _OLD).is_dir() and not directory.exists():
        (hidden / _OLD).rename(directory)
