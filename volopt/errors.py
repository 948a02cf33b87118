"""Expected errors: one sentence of what is wrong, a hint of what to do, and an exit code.

Everything that is a user's mistake or the world's fault is raised as one of these; ``cli`` turns them into exit codes
in one place. Any other exception is a defect of volopt.
"""

from collections.abc import Sequence


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


class DefinitionError(VoloptError):
    """A study file with mistakes; ``mistakes`` holds one line each, with its key path."""

    exit_code = 2

    def __init__(self, message: str, hint: str = "", mistakes: Sequence[str] = ()) -> None:
        super().__init__(message, hint)
        self.mistakes = tuple(mistakes)


class StorageError(VoloptError):
    """A database, artifact or lock that cannot be used."""


class StudyError(VoloptError):
    """A study that is not there, is held by another process, or was made from another definition."""


class TrainingError(VoloptError):
    """A fit that failed by itself: the loss is not finite, memory ran out."""
