"""Training in this process, one task after another."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from volopt.training.fit import advance
from volopt.training.progress import Progress
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset


def train(dataset: Dataset, task: Task, state: State | None, until: int) -> Progress:
    """Train a task of a study: ``training.fit.advance``."""
    return advance(task, dataset, state, until)


class SerialTrainer:
    """Trains a task while it is being submitted; arguments as those of ``ProcessTrainer``."""

    workers = 1

    def __init__(self, dataset: Any, work: Callable[..., Any] = train) -> None:
        self._dataset, self._work = dataset, work

    def submit(self, *task: Any) -> Future[Any]:
        """Train now and return the finished future; an interrupt is not caught."""
        future: Future[Any] = Future()
        try:
            future.set_result(self._work(self._dataset, *task))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Have nothing to end."""
