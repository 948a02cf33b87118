"""The interface of executors, which train fits, and the simplest one. No executor knows Optuna or the database."""

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any, Protocol

from volopt.training.fit import advance


class WorkerDiedError(BrokenExecutor):
    """Report that a worker process ended during a task.

    Args:
        message: how the last worker ended.
        deaths: of workers one after another, where the executor passed the task on by itself.
    """

    def __init__(self, message: str, deaths: int = 1) -> None:
        super().__init__(message)
        self.deaths = deaths


class Trainer(Protocol):
    """Train on one dataset. The constructor takes the dataset and a function, as a rule ``training.fit.advance``."""

    @property
    def workers(self) -> int:
        """Return how many tasks it trains at the same time, at least 1."""

    def submit(self, *task: Any) -> Future[Any]:
        """Start the function with these arguments: for a study a task, its state or None, and the epoch to stop after.

        The future fails with ``WorkerDiedError`` where the worker process died. Other tasks go on, and the trainer
        takes more.

        Raises:
            VoloptError: it can take no more tasks; ``workers`` raises the same.
        """

    def close(self) -> None:
        """End at once and drop all unfinished tasks."""


class SerialTrainer:
    """Train one task after another in this process; the arguments are those of ``ProcessTrainer``."""

    workers = 1

    def __init__(self, dataset: Any, function: Callable[..., Any] = advance) -> None:
        self._dataset, self._function = dataset, function

    def submit(self, *task: Any) -> Future[Any]:
        """Train now, and return the finished future; an interrupt is not caught."""
        future: Future[Any] = Future()
        try:
            future.set_result(self._function(self._dataset, *task))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Do nothing."""
