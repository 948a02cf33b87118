"""Processes as the kernel tells of them, for tests that kill some; those of a run are known by an inherited mark."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

MARK = "VOLOPT_TEST_RUN"  # the environment variable that a run and all that it starts have in common
PROC = Path("/proc")
GLANCE = 0.005  # seconds between two looks


def until(condition: Callable[[], object], seconds: float) -> bool:
    """Look again and again, and return whether the condition came true within the time."""
    ends = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > ends:
            return False
        time.sleep(GLANCE)
    return True


def marked(mark: str) -> list[int]:
    """Return the processes with this mark; one that ended and was not yet waited for is none."""
    wanted = f"{MARK}={mark}".encode()
    pids = [int(path.name) for path in PROC.iterdir() if path.name.isdigit()]
    return [pid for pid in pids if wanted in _read(pid, "environ").split(b"\0")]


def workers(driver: int) -> list[int]:
    """Return the processes that train for a driver."""
    threads = (PROC / str(driver) / "task").glob("*")  # each has children of its own
    children = [int(pid) for thread in threads for pid in _read(driver, f"task/{thread.name}/children").split()]
    return [pid for pid in children if b"volopt.executors.worker" in _read(pid, "cmdline")]


def kill(pid: int) -> bool:
    """Kill a process, and return whether it was there."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def memory(pid: int) -> float:
    """Return the MB of memory in which a process resides, 0 where it is gone."""
    lines = _read(pid, "status").decode().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS:")), 0.0)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process, without its children, has taken."""
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:
        return b""
