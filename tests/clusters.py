"""Dask clusters on loopback, a scheduler and workers that are processes, and things for their workers to do."""

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

SECONDS = 90  # until we say that something never happened: a worker imports torch, on a busy machine
ROOT = Path(volopt.__file__).parents[1]
PATH = os.pathsep.join([str(ROOT), str(ROOT / "tests")])  # where workers find volopt and this module


def free_address() -> str:
    """Return an address on which nobody listens."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return f"tcp://127.0.0.1:{found.getsockname()[1]}"


class Cluster:
    """A scheduler, and the workers that were started for it; all of them end with ``end``."""

    def __init__(self, directory: Path, **environment: str) -> None:
        self.directory, self.address = directory, free_address()
        self.workers: list[subprocess.Popen[bytes]] = []
        self._environment = environment
        self.scheduler: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the scheduler, which may have been before."""
        port = self.address.rpartition(":")[2]
        self.scheduler = self._process("scheduler", "--port", port, "--no-show", log="scheduler")
        assert until(lambda: self.address in self.said("scheduler"), SECONDS)

    def worker(self, *options: str, **environment: str) -> "subprocess.Popen[bytes]":
        """Start a worker and wait until it has joined."""
        log = f"worker{len(self.workers)}"
        options = ("--nthreads", "1", "--no-nanny", "--local-directory", str(self.directory), *options)
        found = self._process("worker", self.address, *options, log=log, **environment)
        self.workers.append(found)
        assert until(lambda: "Starting established connection" in self.said(log), SECONDS), self.said(log)
        return found

    def fill(self, count: int) -> None:
        """Start workers until so many are there."""
        while sum(worker.poll() is None for worker in self.workers) < count:
            self.worker()

    def said(self, log: str) -> str:
        """Return what a process has logged."""
        return (self.directory / f"{log}.log").read_text()

    def end(self) -> None:
        """End what is left."""
        for process in filter(None, [*self.workers, self.scheduler]):
            process.kill()
            process.wait()

    def kill_one_in_a_task(self) -> None:
        """Kill a worker while it has a task: it is stopped first, so that it keeps the one that it is seen with."""
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

    def _process(self, *arguments: str, log: str, **environment: str) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "dask", *arguments, "--host", "127.0.0.1", "--no-dashboard"]
        path = os.pathsep.join(filter(None, [PATH, os.environ.get("PYTHONPATH")]))
        said = os.environ | {"PYTHONPATH": path} | self._environment | environment
        with (self.directory / f"{log}.log").open("wb") as file:
            return subprocess.Popen(command, env=said, stdout=file, stderr=file, cwd=self.directory)


@contextmanager
def cluster(directory: Path, workers: int = 0, **environment: str) -> Iterator[Cluster]:
    """Start a cluster and, at the end, end what is left of it."""
    found = Cluster(directory, **environment)
    try:
        found.start()
        found.fill(workers)
        yield found
    finally:
        found.end()


def stay(data: Any, place: str) -> int:
    """Say who does it, by a file with the process's number, and stay until the file is gone."""
    path = Path(place)
    path.with_suffix(".new").write_text(str(os.getpid()))
    path.with_suffix(".new").rename(path)
    assert until(lambda: not path.exists(), SECONDS)
    return os.getpid()


def stay_once(data: Any, place: str) -> int:
    """Stay as ``stay`` does where nobody did before, else return at once."""
    return os.getpid() if Path(place).exists() else stay(data, place)


def give_back(data: Any, *task: Any) -> Any:
    """Return data and task."""
    return data, task


def fail(data: Any, error: Exception) -> None:
    """Raise the error."""
    raise error


def fail_with_an_error_of_its_own(data: Any) -> None:
    """Raise an error that cannot travel."""

    class LocalError(Exception):
        pass

    raise LocalError("no way out")


def busy(place: str) -> int:
    """Return the number of the process that stays, once it does."""
    path = Path(place)
    assert until(path.exists, SECONDS)
    return int(path.read_text())
