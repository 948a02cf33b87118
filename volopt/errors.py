"""Expected errors: one sentence about what is wrong, a hint about what to do, and an exit code.

Users' mistakes and faults of the environment are raised as these errors. ``cli.main`` turns them into exit codes. Any
other exception is a defect of volopt. For an unknown name an error suggests the nearest known names.
"""

import difflib
from collections.abc import Iterable, Sequence


class VoloptError(Exception):
    """Report an expected failure. A traceback, which a notebook shows, ends with the hint.

    Args:
        message: one sentence for a person.
        hint: what to do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        if hint:
            self.add_note(f"Hint: {sentence(hint)}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        return type(self), (self.message, self.hint)  # errors travel back from worker processes


class UsageError(VoloptError):
    """Report that an option or argument is wrong."""

    exit_code = 2


class DataError(VoloptError):
    """Report that data cannot be read or do not fit the study."""

    exit_code = 2


class DownloadError(VoloptError):
    """Report that a download failed, or that its content is wrong."""


class DefinitionError(VoloptError):
    """Report the mistakes of a study file; ``mistakes`` holds one line each, with the key path."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", mistakes: Sequence[str] = ()) -> None:
        for mistake in mistakes:
            self.add_note(f"- {mistake}")
        super().__init__(message, hint)
        self.mistakes = tuple(mistakes)


class StorageError(VoloptError):
    """Report that a database, artifact or lock cannot be used."""


class MissingStorageError(StorageError):
    """Report that there is no database, or that it has no study of volopt."""


class StudyError(VoloptError):
    """Report that a study is missing, is held by another process, or has another definition."""


class TrainingError(VoloptError):
    """Report that training failed: the loss is not finite, or memory ran out."""


class ClusterError(VoloptError):
    """Report that a Dask cluster cannot be reached, or that its workers do not fit a run."""


class OnnxError(VoloptError):
    """Report that an ONNX model cannot be used, or that its forecasts differ from its networks'."""


def sentence(text: str) -> str:
    """Return a message or hint with a full stop, where it has no other end."""
    return text if text.endswith((".", "?", "!")) else f"{text}."


def nearest(name: str, known: Iterable[str], count: int = 1) -> list[str]:
    """Return the known names nearest to ``name``, the nearest first; upper and lower case are equal."""
    names = {each.lower(): each for each in known}
    return [names[each] for each in difflib.get_close_matches(name.lower(), names, n=count)]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return the end of a sentence that asks about the nearest known name, or an empty text."""
    match = nearest(name, known)
    return f', did you mean "{match[0]}"?' if match else ""


def suggest(name: str, known: Iterable[str]) -> str:
    """Return a hint with the known names nearest to ``name``, or else with the first known names."""
    names = list(known)
    near = nearest(name, names, count=3)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"there are: {', '.join(names[:10])}" if names else "there are none"
