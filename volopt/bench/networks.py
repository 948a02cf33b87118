"""What a fit costs in volopt beside the bare loop, in CPU time of one thread."""

import json
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from volopt.bench.process import measure
from volopt.bench.study import bare_fit, task, windows
from volopt.search.job import Job
from volopt.training.curves import Curves
from volopt.training.device import PRECISIONS
from volopt.training.fit import advance
from volopt.training.task import Task
from volopt.windows.dataset import Dataset

REPEATS = 3


class Speed(NamedTuple):
    """A network of one layer: CPU milliseconds an epoch, valid scored after each, medians over repeats."""

    cell: str
    hidden_size: int
    bare_ms: float
    highest_ms: float
    medium_ms: float

    @property
    def ratio(self) -> float:
        """Return how many times the bare loop's time volopt takes at full precision."""
        return self.highest_ms / self.bare_ms

    @property
    def gain(self) -> float:
        """Return how many times faster medium precision is."""
        return self.highest_ms / self.medium_ms


def speed(job: Job, cell: str, hidden_size: int, epochs: int, repeats: int = REPEATS) -> Speed:
    """Train the first ``epochs`` of a network's fit in each way, after an epoch of each that is not counted."""
    ways = {name: task(job, {"cell": cell, "hidden_size": hidden_size}, name) for name in PRECISIONS}
    runs = [partial(by_rungs, way, job.dataset) for way in ways.values()]
    for run in runs:
        run(1)
    ours = [[cpu_seconds(partial(run, epochs)) for run in runs] for _ in range(repeats)]
    took = [bare_seconds(job, ways["highest"], epochs, repeats), *zip(*ours, strict=True)]
    return Speed(cell, hidden_size, *(1000 * median(each) / epochs for each in took))


def bare_seconds(job: Job, fit: Task, epochs: int, repeats: int) -> list[float]:
    """Return the CPU seconds of each run of the bare loop with one thread, in a process of its own.

    An epoch before them is not counted.
    """
    with tempfile.TemporaryDirectory(prefix="volopt-bench-") as folder:
        files = Path(folder, "windows.npz"), Path(folder, "fits.json")
        inputs = windows(job.dataset, fit.config.window)
        np.savez(files[0], **{name: value.numpy() for name, value in inputs._asdict().items()})
        files[1].write_text(json.dumps([bare_fit(fit, count)._asdict() for count in [1, *[epochs] * repeats]]))
        found = measure([sys.executable, "-m", "volopt.bench.bare", *map(str, files), "1"])
    return [each["cpu_seconds"] for each in json.loads(found.out)[1:]]


def by_rungs(fit: Task, dataset: Dataset, until: int) -> Curves:
    """Train a fit from rung to rung, as a worker is asked to, and return its curves."""
    progress = advance(fit, dataset, None, min(fit.rung, until))
    while progress.state is not None and progress.state.epoch < until:
        progress = advance(fit, dataset, progress.state, min(progress.state.epoch + fit.rung, until))
    return progress.curves


def speeds(job: Job, networks: Sequence[tuple[str, int]], epochs: int, repeats: int = REPEATS) -> list[Speed]:
    """Return the speed of each network, named by cell and units."""
    return [speed(job, cell, hidden_size, epochs, repeats) for cell, hidden_size in networks]


def cpu_seconds(run: Callable[[], object]) -> float:
    """Return the CPU time that a function takes in this process."""
    began = time.process_time()
    run()
    return time.process_time() - began
