"""What a process costs: time, CPU time and memory."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from volopt.errors import VoloptError

GLANCE = 0.2  # seconds between two looks at a process while somebody wants to look
MB = 1024**2 if sys.platform == "darwin" else 1024  # the kernel counts in KB, macOS in bytes


class ProcessUsage(NamedTuple):
    """A process that ended."""

    seconds: float
    cpu_seconds: float  # with all its children
    memory: float  # MB in which it, or the largest of its children, resided at most
    out: str


def measure(
    command: Sequence[str],
    environment: Mapping[str, str] | None = None,
    look: Callable[[int], object] | None = None,
) -> ProcessUsage:
    """Run a command to its end.

    The kernel counts into a process's memory that of the one which began it: begin large ones from a small one.

    Args:
        command: to run.
        environment: variables beside those of this process.
        look: called with the process's id again and again while it runs.

    Raises:
        VoloptError: it failed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=err, env={**os.environ, **(environment or {})})
        try:
            usage = _ended(process, look)
        except BaseException:
            process.kill()
            process.wait()
            raise
        seconds = time.perf_counter() - began
        out.seek(0)
        err.seek(0)
        if process.returncode != 0:
            told = err.read().decode(errors="replace").strip().splitlines()[-1:]
            raise VoloptError(f"{' '.join(command[:4])} ended with exit code {process.returncode}", " ".join(told))
        cpu = usage.ru_utime + usage.ru_stime
        return ProcessUsage(seconds, cpu, usage.ru_maxrss / MB, out.read().decode())


def _ended(process: "subprocess.Popen[bytes]", look: Callable[[int], object] | None) -> resource.struct_rusage:
    """Wait for the process, looking on, and return what it used."""
    while look is not None and os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        look(process.pid)
        time.sleep(GLANCE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)  # so that nobody waits for it again
    return usage


def peak_memory(pid: int | str = "self") -> float:
    """Return the MB in which a running process resided at most, 0 where it is gone."""
    status = Path(f"/proc/{pid}/status")
    try:
        lines = status.read_text().splitlines()
        return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
    except OSError:
        if pid != "self" or Path("/proc/self").exists():
            return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MB
