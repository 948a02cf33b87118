"""Measure the time, CPU time and memory of processes, and hold figures to bounds, without importing torch."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from volopt.errors import VoloptError

POLL_SECONDS = 0.2
MB = 1024**2 if sys.platform == "darwin" else 1024  # of ``ru_maxrss``, in KB on Linux and in bytes on macOS
REPEATS = 15
HELP = [sys.executable, "-m", "volopt", "--help"]
CLICK = [sys.executable, "-c", "import click"]


class ProcessUsage(NamedTuple):
    """Hold what a finished process used."""

    seconds: float
    cpu_seconds: float  # with all its children
    memory: float  # MB, the peak of the process or of its largest child
    out: str


class StartTime(NamedTuple):
    """Hold what ``volopt --help`` and ``import click`` use, medians over repeats."""

    help_seconds: float
    click_seconds: float
    help_memory: float  # MB, peak
    click_memory: float

    @property
    def allowed(self) -> float:
        """Return the seconds that the help may take."""
        return 1.5 * self.click_seconds + 0.1


class Target(NamedTuple):
    """Hold a figure and its bound."""

    name: str
    value: float
    bound: float
    unit: str = ""
    at_least: bool = False  # else at most

    @property
    def met(self) -> bool:
        """Return whether the figure is within its bound."""
        return self.value >= self.bound if self.at_least else self.value <= self.bound

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Return its cells in a table: name, value, bound, whether it is met."""
        comparison = "at least" if self.at_least else "at most"
        value, bound = (f"{number:.4g} {self.unit}".strip() for number in (self.value, self.bound))
        return self.name, value, f"{comparison} {bound}", "yes" if self.met else "no"


def measure(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    watch: Callable[[int], object] | None = None,
) -> ProcessUsage:
    """Run a command to its end.

    The kernel counts the memory of the parent process too, so call this from a small process.

    Args:
        command: to run.
        environment: variables to add to the environment of this process.
        watch: called with the process's id every ``POLL_SECONDS`` while it runs.

    Raises:
        VoloptError: it failed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(environment or {})})
        try:
            usage = _wait(process, watch)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - start
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            last_line = err.read().decode(errors="replace").strip().splitlines()[-1:]
            raise VoloptError(f"{' '.join(command[:4])} ended with exit code {process.returncode}", " ".join(last_line))
        cpu = usage.ru_utime + usage.ru_stime
        return ProcessUsage(seconds, cpu, usage.ru_maxrss / MB, out.read().decode())


def _wait(process: "subprocess.Popen[bytes]", watch: Callable[[int], object] | None) -> resource.struct_rusage:
    while watch is not None and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        watch(process.pid)
        time.sleep(POLL_SECONDS)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # Popen would wait for it again
    return usage


def peak_memory(pid: int | str = "self") -> float:
    """Return the peak memory of a running process in MB, 0 if there is no such process."""
    status = Path(f"/proc/{pid}/status")
    try:
        lines = status.read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
    except OSError:
        if pid != "self" or Path("/proc/self").exists():
            return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB


def start_time(repeats: int = REPEATS) -> StartTime:
    """Time ``volopt --help`` and ``import click``, which every click program needs, in turn.

    The first run of each only warms the disk's cache.
    """
    runs = [(measure(HELP), measure(CLICK)) for _ in range(repeats + 1)][1:]
    helps, clicks = zip(*runs, strict=True)
    return StartTime(
        *(median(run.seconds for run in runs) for runs in (helps, clicks)),
        *(median(run.memory for run in runs) for runs in (helps, clicks)),
    )
