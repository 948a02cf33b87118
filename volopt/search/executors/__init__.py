"""Where fits are trained: siblings with one interface, none of which knows Optuna or the database."""

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # a worker process begins here, and is to watch its parent before it imports torch
    from concurrent.futures import Future

    from volopt.training.progress import Progress
    from volopt.training.task import State, Task


class Trainer(Protocol):
    """Trains tasks on one dataset, given at construction."""

    workers: int  # tasks it trains at the same time

    def submit(self, task: "Task", state: "State | None", until: int) -> "Future[Progress]":
        """Begin ``training.fit.advance`` with these arguments.

        The future fails with ``concurrent.futures.BrokenExecutor`` where the process that trained the task died; other
        tasks go on, and the trainer takes more.
        """

    def close(self) -> None:
        """End at once; what is being trained is dropped."""
