"""Dask clusters of processes on the loopback address, and functions for their workers."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from distributed import Client

import volopt
from processes import until

SECONDS = 90  # after which a test fails: a worker has to import torch, on a busy machine
ROOT = Path(volopt.__file__).parents[1]
PATH = os.pathsep.join([str(ROOT), str(ROOT / "tests")])  # where workers find volopt and this module


def free_address() -> str:
    """Return an address without a listener."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{listener.getsockname()[1]}"


class Cluster:
    """A scheduler and its workers; ``end`` ends all of them."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory, self.address = directory, free_address()
        self.workers: list[subprocess.Popen[bytes]] = []
        self._environment = environment
        self.scheduler: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the scheduler, for the first time or again."""
        port = self.address.rpartition(":")[2]
        self.scheduler = self._process("scheduler", "--port", port, "--no-show", name="scheduler")
        assert until(lambda: self.address in self.log("scheduler"), SECONDS)

    def worker(self, *options: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a worker and wait until it has joined."""
        name = f"worker{len(self.workers)}"
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.directory), *options)
        process = self._process("worker", self.address, *options, name=name, **environment)
        self.workers.append(process)
        assert until(lambda: "Starting established connection" in self.log(name), SECONDS), self.log(name)
        return process

    def fill(self, count: int) -> None:
        """Start workers until so many are running."""
        while sum(worker.poll() is None for worker in self.workers) < count:
            self.worker()

    def log(self, name: str) -> str:
        """Return the log of a process."""
        return (self.directory / f"{name}.log").read_text()

    def end(self) -> None:
        """End all processes that still run."""
        for process in filter(None, [*self.workers, self.scheduler]):
            process.kill()
            process.wait()

    def kill_one_in_a_task(self) -> None:
        """Kill a worker while it has a task. It is stopped first, so that it cannot finish the task meanwhile."""
        with Client(self.address, set_as_default=False) as client:
            pids = client.run(os.getpid)
            while True:
                busy = [address for address, tasks in client.processing().items() if tasks]
                for address in busy:
                    os.kill(pids[address], signal.SIGSTOP)
                    if client.processing()[address]:
                        os.kill(pids[address], signal.SIGKILL)
                        return
                    os.kill(pids[address], signal.SIGCONT)

    def _process(self, *arguments: str, name: str, **environment: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        path = os.pathsep.join(filter(None, [PATH, os.environ.get("PYTHONPATH")]))
        variables = os.environ | {"PYTHONPATH": path} | self._environment | environment
        with (self.directory / f"{name}.log").open("wb") as file:
            return subprocess.Popen(command, env=variables, stdout=file, stderr=file, cwd=self.directory)


@contextmanager
def cluster(directory: Path, workers: int = 0, **environment: str) -> Iterator[Cluster]:
    """Start a cluster, and end it at the end of the context."""
    started = Cluster(directory, **environment)
    try:
        started.start()
        started.fill(workers)
        yield started
    finally:
        started.end()


def block(data: Any, path: str) -> int:
    """Write the process id to a file, wait until the file is deleted, and return the id."""
    file = Path(path)
    file.with_suffix(".new").write_text(str(os.getpid()))
    file.with_suffix(".new").rename(file)
    assert until(lambda: not file.exists(), SECONDS)
    return os.getpid()


def block_once(data: Any, path: str) -> int:
    """Do as ``block``, but return at once if the file exists."""
    return os.getpid() if Path(path).exists() else block(data, path)


def echo(data: Any, *task: Any) -> Any:
    """Return data and task."""
    return data, task


def fail(data: Any, error: Exception) -> None:
    """Raise the error."""
    raise error


def fail_with_local_error(data: Any) -> None:
    """Raise an error that cannot be pickled."""

    class LocalError(Exception):
        pass

    raise LocalError("no way out")


def blocked_process(path: str) -> int:
    """Wait until a process is in ``block``, and return its id."""
    assert until(Path(path).exists, SECONDS)
    return int(Path(path).read_text())
