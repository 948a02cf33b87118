"""Where fits are trained: siblings with one interface, none of which knows Optuna or the database."""

from concurrent.futures import BrokenExecutor, Future
from typing import Any, Protocol  # nothing heavy: a worker process begins here, and is to watch its parent first


class WorkerDiedError(BrokenExecutor):
    """A worker process ended while it did a task; the message says how.

    Args:
        message: of the last one.
        deaths: of the task's workers one after another, where it was given to others by itself.
    """

    def __init__(self, message: str, deaths: int = 1) -> None:
        super().__init__(message)
        self.deaths = deaths


class Trainer(Protocol):
    """Works on one dataset, given at construction with what is to be done: as a rule ``training.fit.advance``."""

    @property
    def workers(self) -> int:
        """Return how many tasks it works on at the same time, at least 1."""

    def submit(self, *task: Any) -> Future[Any]:
        """Begin the work with these arguments: for a study a task, its state or None, and the epoch to stop after.

        The future fails with ``WorkerDiedError`` where the process that did the task died; other tasks go on, and the
        trainer takes more.

        Raises:
            VoloptError: it can take none any more; ``workers`` raises the same.
        """

    def close(self) -> None:
        """End at once; what is being done is dropped."""
