"""Training in local processes: spawned, one torch thread each, the data sent once.

Workers ignore SIGINT (the driver decides what ends) and end by themselves when the driver is gone.
"""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.process import parent_process

from volopt.training.fit import advance
from volopt.training.progress import Progress
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset

_DATASET: list[Dataset] = []  # of this worker, set once as it starts


class ProcessTrainer:
    """Trains in ``workers`` processes, which start with the first task: a study with nothing to do starts none."""

    def __init__(self, dataset: Dataset, workers: int) -> None:
        self.workers = workers
        self._pool = ProcessPoolExecutor(
            workers, multiprocessing.get_context("spawn"), initializer=_start, initargs=(dataset,)
        )

    def submit(self, task: Task, state: State | None, until: int) -> Future[Progress]:
        """Queue the task for the next free process."""
        return self._pool.submit(_advance, task, state, until)

    def close(self) -> None:
        """Drop what is queued and end the processes."""
        processes = list((self._pool._processes or {}).values())  # shutdown would wait for what they train
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()
        for process in processes:
            process.join()


def _start(dataset: Dataset) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _DATASET.append(dataset)


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _advance(task: Task, state: State | None, until: int) -> Progress:
    return advance(task, _DATASET[0], state, until)
