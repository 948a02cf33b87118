"""Read files of a directory that may come from a stranger: none outside the directory, none without a bound of size."""

import io
from pathlib import Path

from volopt.errors import DataError


def path_inside(directory: Path, *parts: str) -> Path:
    """Return the path of a file below ``directory``.

    Raises:
        DataError: the path leads out of the directory, by its name or through a link.
    """
    path = directory.joinpath(*parts)
    try:
        is_inside = path.resolve().is_relative_to(directory.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, or a name that no file system accepts
        is_inside = False
    if not is_inside:
        raise DataError(f"{path} leads out of {directory}", "copy the file itself into the directory")
    return path


def read_bounded(path: Path, limit: int, hint: str = "") -> bytes:
    """Return the bytes of a regular file; ``hint`` replaces the usual one if it is missing or too large.

    Raises:
        DataError: the file is missing, unreadable, or larger than ``limit`` bytes.
    """
    try:
        if not path.is_file():  # a pipe would block, a device has no end
            reason = "is not a file" if path.exists() else "is missing"
            raise DataError(f"{path} {reason}", hint or "check that the directory is the right one and complete")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "check its permissions") from error
    if len(content) > limit:
        raise DataError(f"{path} is larger than the limit of {limit} bytes", hint or "check that it is the right file")
    return content


def is_directory(path: Path) -> bool:
    """Return whether a path names a directory; a name that no file system accepts names none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def list_names(directory: Path) -> list[str]:
    """Return the names in a directory, sorted.

    Raises:
        DataError: it is missing or cannot be read.
    """
    try:
        return sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise DataError(f"{directory} cannot be read: {error.strerror}", "check that it is complete") from error


def read_lines(path: Path, limit: int) -> list[str]:
    """Return the lines of a text file that are not blank, stripped.

    Raises:
        DataError: the file cannot be read, is larger than ``limit`` bytes, or is not UTF-8.
    """
    try:
        text = read_bounded(path, limit).decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text", "check that it is the right file") from error
    return [line.strip() for line in io.StringIO(text, newline=None) if line.strip()]  # the same lines as qlib reads
