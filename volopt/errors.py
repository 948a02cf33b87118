"""Expected errors: one sentence of what is wrong, a hint of what to do, and an exit code.

Everything that is a user's mistake or the world's fault is raised as one of these; ``cli`` turns them into exit codes
in one place. Any other exception is a defect of volopt. An unknown name is met with the known ones nearest to it.
"""

import difflib
from collections.abc import Iterable, Sequence


class VoloptError(Exception):
    """An expected failure.

    Args:
        message: one sentence, for a person.
        hint: what to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.message, self.hint)  # errors travel back from worker processes


class UsageError(VoloptError):
    """A wrong option or argument."""

    exit_code = 2


class DataError(VoloptError):
    """Data that cannot be read or do not fit the study."""

    exit_code = 2


class DownloadError(VoloptError):
    """A data set that did not arrive, or is not what it should be."""


class DefinitionError(VoloptError):
    """A study file with mistakes; ``mistakes`` holds one line each, with its key path."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", mistakes: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.mistakes = tuple(mistakes)


class StorageError(VoloptError):
    """A database, artifact or lock that cannot be used."""


class MissingStorageError(StorageError):
    """There is no database yet, or nothing of ours in it."""


class StudyError(VoloptError):
    """A study that is not there, is held by another process, or was made from another definition."""


class TrainingError(VoloptError):
    """A fit that failed by itself: the loss is not finite, memory ran out."""


class ClusterError(VoloptError):
    """A Dask cluster that cannot be reached, or whose workers cannot do what a run asks of them."""


class OnnxError(VoloptError):
    """An ONNX model that cannot be used, or does not forecast what its networks do."""


def sentence(text: str) -> str:
    """Return a message or hint with what ends a sentence."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def nearest(name: str, known: Iterable[str], count: int = 1) -> list[str]:
    """Return the known names most like ``name``, the best first, whatever their case."""
    names = {each.lower(): each for each in known}
    return [names[each] for each in difflib.get_close_matches(name.lower(), names, n=count)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that asks about the nearest known name, or nothing."""
    match = nearest(name, known)
    return f', did you mean "{match[0]}"?' if match else ""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known names most like ``name``, or with the first known ones where none is."""
    names = list(known)
    near = nearest(name, names, count=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names[:10])}" if names else "there are none"
