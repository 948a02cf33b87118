"""Training in this process, one task after another."""

from concurrent.futures import Future

from volopt.training.fit import advance
from volopt.training.progress import Progress
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset


class SerialTrainer:
    """Trains a task while it is being submitted."""

    workers = 1

    def __init__(self, dataset: Dataset) -> None:
        self._dataset = dataset

    def submit(self, task: Task, state: State | None, until: int) -> Future[Progress]:
        """Train now and return the finished future; an interrupt is not caught."""
        future: Future[Progress] = Future()
        try:
            future.set_result(advance(task, self._dataset, state, until))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Have nothing to end."""
