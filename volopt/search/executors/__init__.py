"""Where fits are trained: siblings with one interface, none of which knows Optuna or the database."""

from concurrent.futures import Future
from typing import Protocol

from volopt.training.progress import Progress
from volopt.training.task import State, Task


class Trainer(Protocol):
    """Trains tasks on one dataset, given at construction."""

    workers: int  # tasks it trains at the same time

    def submit(self, task: Task, state: State | None, until: int) -> Future[Progress]:
        """Begin ``training.fit.advance`` with these arguments."""

    def close(self) -> None:
        """End at once; what is being trained is dropped."""
