"""Reading files of a directory that may come from a stranger: nothing outside it, nothing without a bound."""

import io
from pathlib import Path

from volopt.errors import DataError


def inside(directory: Path, *parts: str) -> Path:
    """The path of a file under ``directory``.

    Raises:
        DataError: it leads out of the directory, by its name or through a link.
    """
    path = directory.joinpath(*parts)
    try:
        held = path.resolve().is_relative_to(directory.resolve())
    except (OSError, RuntimeError, ValueError):  # links in a circle, or no name at all
        held = False
    if not held:
        raise DataError(f"{path} leads out of {directory}", "a data directory holds its files itself")
    return path


def read_bounded(path: Path, limit: int) -> bytes:
    """The bytes of a regular file.

    Raises:
        DataError: it is missing, unreadable, or larger than ``limit`` bytes.
    """
    try:
        if not path.is_file():  # a pipe would be waited for, a device be read without end
            reason = "is no file" if path.exists() else "is missing"
            raise DataError(f"{path} {reason}", "is the directory the right one, and complete?")
        with path.open("rb") as file:
            content = file.read(limit + 1)
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}", "check its permissions") from error
    if len(content) > limit:
        raise DataError(f"{path} is larger than the {limit} bytes it may have", "is it the right file?")
    return content


def is_directory(path: Path) -> bool:
    """Whether there is a directory; what no file system takes for a name is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def names(directory: Path) -> list[str]:
    """The names in a directory, sorted.

    Raises:
        DataError: it is missing or cannot be read.
    """
    try:
        return sorted(path.name for path in directory.iterdir())
    except OSError as error:
        raise DataError(f"{directory} cannot be read: {error.strerror}", "is the directory complete?") from error


def read_lines(path: Path, limit: int) -> list[str]:
    """The lines of a text file that hold something, stripped of blanks at their ends."""
    try:
        text = read_bounded(path, limit).decode()
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is no UTF-8 text", "is it the right file?") from error
    return [line.strip() for line in io.StringIO(text, newline=None) if line.strip()]  # the lines that qlib sees
