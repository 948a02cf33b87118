"""Training in local processes: spawned, one torch thread each, the data shared (``worker`` is the other side).

Each worker has a pipe and a thread of its own here, so that one that dies takes no other with it, and it is known what
it trained. It is begun anew with the next task.
"""

import logging
import multiprocessing
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from typing import Any

from volopt.executors.serial import train
from volopt.executors.shared_memory import SharedMemory
from volopt.executors.trainer import WorkerDiedError
from volopt.executors.worker import work

log = logging.getLogger(__name__)


class ProcessTrainer:
    """Trains in ``workers`` processes, which start with the first tasks: a study with nothing to do starts none.

    Args:
        dataset: or whatever else every task is done on.
        workers: how many.
        work: a module's function of the dataset and what is submitted.
    """

    def __init__(self, dataset: Any, workers: int, work: Callable[..., Any] = train) -> None:
        self.workers = workers
        self._shared = SharedMemory((work, dataset))
        self._all = [_WorkerProcess(self._shared) for _ in range(workers)]
        self._idle: SimpleQueue[_WorkerProcess] = SimpleQueue()
        for worker in self._all:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(workers, "worker")

    def submit(self, *task: Any) -> Future[Any]:
        """Queue the task for the next free process."""
        return self._threads.submit(self._train, *task)

    def close(self) -> None:
        """Drop what is queued and end the processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for worker in self._all:
            worker.close()
        self._threads.shutdown()
        self._shared.close()

    def _train(self, *task: Any) -> Any:
        worker = self._idle.get()
        try:
            return worker.train(*task)
        finally:
            self._idle.put(worker)


class _WorkerProcess:
    """One process, begun when it is needed and begun anew when it has died."""

    def __init__(self, what: SharedMemory) -> None:
        self._what = what
        self._lock = threading.Lock()  # of the three below
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None
        self._closed = False

    def train(self, *task: Any) -> Any:
        """Return what the work does, or raise what it raises; raises WorkerDiedError where the process ended."""
        process, pipe, is_new = self._begun()
        try:
            if is_new:
                self._what.send(pipe, process.pid or 0)
            pipe.send(task)
            went_well, found = pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerDiedError(self._end(process)) from error
        if not went_well:
            raise found
        return found

    def close(self) -> None:
        """End the process, which has nothing to lose."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.join()

    def _begun(self) -> tuple[BaseProcess, Connection, bool]:
        with self._lock:
            if self._closed:
                raise WorkerDiedError("it was ended")
            if self._process is not None and self._pipe is not None and self._process.is_alive():
                return self._process, self._pipe, False
            if self._pipe is not None:  # it died with nothing to do
                self._pipe.close()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=work, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()  # so that our end hears of its death
            log.info("worker process %s started", self._process.pid)
            return self._process, self._pipe, True

    def _end(self, process: BaseProcess) -> str:
        """Return how the process ended; one that merely lost its pipe is ended."""
        with self._lock, suppress(OSError):
            process.kill()
            process.join()
            if self._pipe is not None:
                self._pipe.close()
            self._process = self._pipe = None
        return _how(process.exitcode)


def _how(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"its worker process ended with exit code {exit_code}"
    with suppress(ValueError):
        name = signal.Signals(-exit_code).name
        memory = ", perhaps for want of memory" if name == "SIGKILL" else ""
        return f"its worker process was ended by {name}{memory}"
    return f"its worker process was ended by signal {-exit_code}"
