"""Train in local processes, with one torch thread each and shared data (``worker`` is the other side).

Each worker has its own pipe and its own thread here. A worker that dies therefore takes no other worker with it, and
its task is known. The next task starts it again. A worker is a plain child process, not one of ``multiprocessing``:
that one prints a traceback if its parent is killed while it starts, and runs the parent's script again.
"""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from queue import SimpleQueue
from typing import Any

from volopt.executors.shared_memory import SharedMemory
from volopt.executors.trainer import SerialTrainer, Trainer, WorkerDiedError
from volopt.training.fit import advance

log = logging.getLogger(__name__)


def local_trainer(dataset: Any, workers: int, function: Callable[..., Any] = advance) -> Trainer:
    """Return a trainer on this machine; one worker trains in this process."""
    return SerialTrainer(dataset, function) if workers == 1 else ProcessTrainer(dataset, workers, function)


class ProcessTrainer:
    """Train in ``workers`` processes. They start with the first tasks, so a finished study starts none.

    Args:
        dataset: or another object, which each task needs.
        workers: number of processes.
        function: of a module; takes the dataset and the arguments of ``submit``.
    """

    def __init__(self, dataset: Any, workers: int, function: Callable[..., Any] = advance) -> None:
        self.workers = workers
        self._shared = SharedMemory((function, dataset))
        self._processes = [_WorkerProcess(self._shared) for _ in range(workers)]
        self._idle: SimpleQueue[_WorkerProcess] = SimpleQueue()
        for process in self._processes:
            self._idle.put(process)
        self._threads = ThreadPoolExecutor(workers, "worker")

    def submit(self, *task: Any) -> Future[Any]:
        """Queue the task for the next free process."""
        return self._threads.submit(self._train, *task)

    def close(self) -> None:
        """Drop queued tasks and end the processes."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for process in self._processes:
            process.close()
        self._threads.shutdown()
        self._shared.close()

    def _train(self, *task: Any) -> Any:
        process = self._idle.get()
        try:
            return process.train(*task)
        finally:
            self._idle.put(process)


class _WorkerProcess:
    """Run one process. It starts when a task needs it, and again after it has died."""

    def __init__(self, shared: SharedMemory) -> None:
        self._shared = shared
        self._lock = threading.Lock()  # protects the three fields below
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._closed = False

    def train(self, *task: Any) -> Any:
        """Return the result of a task, or raise its error; raises WorkerDiedError where the process ended."""
        process, pipe, is_new = self._start()
        try:
            if is_new:
                self._shared.send(pipe, process.pid)
            pipe.send(task)
            success, result = pipe.recv()
        except (EOFError, OSError) as error:
            raise WorkerDiedError(self._end(process)) from error
        if not success:
            raise result
        return result

    def close(self) -> None:
        """End the process, which has nothing to lose."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.kill()
            process.communicate()

    def _start(self) -> tuple["subprocess.Popen[bytes]", Connection, bool]:
        """Return the process, its pipe, and whether it is new."""
        with self._lock:
            if self._closed:
                raise WorkerDiedError("it was ended")
            if self._process is not None and self._pipe is not None:
                if self._process.poll() is None:
                    return self._process, self._pipe, False
                self._process.communicate()  # it died while it was idle; this closes its stdin
                self._pipe.close()
            self._pipe, worker_end = Pipe()
            self._process = _spawn(worker_end.fileno())
            worker_end.close()  # so that our end notices when the process dies
            log.info("worker process %s started", self._process.pid)
            return self._process, self._pipe, True

    def _end(self, process: "subprocess.Popen[bytes]") -> str:
        """Return how the process ended; one that only lost its pipe is killed."""
        with self._lock, suppress(OSError):
            process.kill()
            process.communicate()
            if self._pipe is not None:
                self._pipe.close()
            self._process = self._pipe = None
        return _describe_exit(process.returncode)


def _spawn(descriptor: int) -> "subprocess.Popen[bytes]":
    """Start a worker with this end of a pipe; it finds modules where this process does, and ends with its stdin."""
    code = f"import sys; sys.path[:] = {sys.path!r}; from volopt.executors.worker import main; main({descriptor})"
    # Until the worker ignores Ctrl-C, it inherits that the signal is blocked.
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        return subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, pass_fds=[descriptor])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def _describe_exit(exit_code: int | None) -> str:
    if exit_code is None or exit_code >= 0:
        return f"its worker process ended with exit code {exit_code}"
    with suppress(ValueError):
        name = signal.Signals(-exit_code).name
        memory = ", perhaps because memory ran out" if name == "SIGKILL" else ""
        return f"its worker process was ended by {name}{memory}"
    return f"its worker process was ended by signal {-exit_code}"
