"""One process of ``volopt run``, and all that it starts."""

import os
import subprocess
import time
import uuid
from typing import NamedTuple

from kills.study import NAME, Place
from processes import MARK, kill, marked, until, workers

ORPHAN_SECONDS = 2.0  # until every process of a driver that ended must be gone
PATIENCE = 900.0  # seconds until we say that something never happened


class Run:
    """One process of the command; what it says on stderr goes to a log."""

    def __init__(self, place: Place, name: str, number: int) -> None:
        self.mark = uuid.uuid4().hex
        self.began = time.monotonic()
        self.log = place.directory / f"{name}-{number}.log"
        kept = {key: value for key, value in os.environ.items() if not key.startswith("VOLOPT_")}
        with self.log.open("w") as stderr:
            self._process = subprocess.Popen(
                place.command(name), stdout=subprocess.DEVNULL, stderr=stderr, env=kept | {MARK: self.mark}
            )
        self.pid = self._process.pid

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def wait(self) -> int:
        """Wait until it ends by itself, and return the exit code."""
        return self._process.wait(PATIENCE)

    def workers(self) -> list[int]:
        """The processes that train."""
        return workers(self.pid)

    def said(self) -> str:
        """What it has said so far."""
        return self.log.read_text()

    def kill(self) -> None:
        """Kill the driver alone."""
        self._process.kill()
        self._process.wait()

    def seconds_to_end(self) -> tuple[float, int]:
        """Return how long it takes until nothing of it is left, and how many processes outlived the time given."""
        began = time.monotonic()
        until(lambda: not marked(self.mark), ORPHAN_SECONDS)
        orphans = len(marked(self.mark))
        if not until(lambda: not marked(self.mark), 10):
            self.end()
        return time.monotonic() - began, orphans

    def end(self) -> None:
        """Leave nothing of it, whatever happened."""
        for pid in [self.pid, *marked(self.mark)]:
            kill(pid)
        self._process.wait()


class Pace(NamedTuple):
    """How long a run takes."""

    start_up: float  # seconds until its first worker is there
    training: float  # and from then on until its end


def undisturbed(place: Place) -> Pace:
    """Run the study to its end."""
    run = Run(place, NAME, 0)
    try:
        until(lambda: run.workers() or run.code is not None, PATIENCE)
        start_up = time.monotonic() - run.began
        if run.wait() != 0:
            raise RuntimeError(f"the undisturbed run failed: {run.said()}")
        return Pace(start_up, time.monotonic() - run.began - start_up)
    finally:
        run.end()
