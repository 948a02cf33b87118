"""How long ``volopt --help`` takes beside ``import click``, which no click program can do without."""

import sys
from statistics import median
from typing import NamedTuple

from volopt.bench.process import ProcessUsage, measure

REPEATS = 15
HELP = [sys.executable, "-m", "volopt", "--help"]
CLICK = [sys.executable, "-c", "import click"]


class StartTime(NamedTuple):
    """Medians over repeats."""

    help_seconds: float
    click_seconds: float
    help_memory: float  # MB at most
    click_memory: float

    @property
    def allowed(self) -> float:
        """Return the seconds that the help may take."""
        return 1.5 * self.click_seconds + 0.1


def start(repeats: int = REPEATS) -> StartTime:
    """Run both in turn; the first of each only warms the disk's cache."""
    runs = [(measure(HELP), measure(CLICK)) for _ in range(repeats + 1)][1:]
    helps, clicks = zip(*runs, strict=True)
    return StartTime(_seconds(helps), _seconds(clicks), _memory(helps), _memory(clicks))


def _seconds(runs: tuple[ProcessUsage, ...]) -> float:
    return median(run.seconds for run in runs)


def _memory(runs: tuple[ProcessUsage, ...]) -> float:
    return median(run.memory for run in runs)
