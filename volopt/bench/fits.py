"""Measure a fit in volopt, in CPU time of one thread beside the bare loop, and in memory of a worker."""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

import numpy as np

from volopt.bench.process import measure, peak_memory
from volopt.bench.study import bare_fit, task, windows
from volopt.executors.processes import ProcessTrainer
from volopt.search.job import Job
from volopt.studies.space import Params
from volopt.training.device import PRECISIONS
from volopt.training.fit import advance
from volopt.training.task import Curves, State, Task
from volopt.windows.dataset import Dataset

LARGEST_NETWORK: Params = {"cell": "LSTM", "hidden_size": 250}  # of the paper


class Speed(NamedTuple):
    """Hold the CPU milliseconds an epoch of a one-layer network, valid scored after each; medians over repeats."""

    cell: str
    hidden_size: int
    bare_ms: float
    highest_ms: float
    medium_ms: float

    @property
    def ratio(self) -> float:
        """Return volopt's time at full precision over the bare loop's."""
        return self.highest_ms / self.bare_ms

    @property
    def gain(self) -> float:
        """Return the speed at medium precision over that at full precision."""
        return self.highest_ms / self.medium_ms


def speed(job: Job, cell: str, hidden_size: int, epochs: int, repeats: int) -> Speed:
    """Train the first ``epochs`` of a network's fit with the bare loop and at each precision, after a warm-up epoch."""
    fits = {name: task(job, {"cell": cell, "hidden_size": hidden_size}, name) for name in PRECISIONS}
    runs = [partial(by_rungs, fit, job.dataset) for fit in fits.values()]
    for run in runs:
        run(1)
    ours = [[cpu_seconds(partial(run, epochs)) for run in runs] for _ in range(repeats)]
    seconds = [_bare_seconds(job, fits["highest"], epochs, repeats), *zip(*ours, strict=True)]
    return Speed(cell, hidden_size, *(1000 * median(each) / epochs for each in seconds))


def by_rungs(fit: Task, dataset: Dataset, until: int) -> Curves:
    """Train a fit from rung to rung, as the driver does, and return its curves."""
    result = advance(dataset, fit, None, min(fit.rung, until))
    while isinstance(result, State) and result.epoch < until:
        result = advance(dataset, fit, result, min(result.epoch + fit.rung, until))
    return result.curves


def cpu_seconds(run: Callable[[], object]) -> float:
    """Return the CPU time of a function in this process."""
    start = time.process_time()
    run()
    return time.process_time() - start


def worker_memory(job: Job) -> float:
    """Return the peak memory in MB of a worker that trains one epoch of the paper's largest network."""
    with closing(ProcessTrainer(job.dataset, 1, _peak_of_epoch)) as trainer:
        return float(trainer.submit(task(job, LARGEST_NETWORK)).result())


def _peak_of_epoch(dataset: Dataset, fit: Task) -> float:
    advance(dataset, fit, None, 1)
    return peak_memory()


def _bare_seconds(job: Job, fit: Task, epochs: int, repeats: int) -> list[float]:
    """Return the CPU seconds of each run of the bare loop with one thread, in its own process after a warm-up epoch."""
    with tempfile.TemporaryDirectory(prefix="volopt-bench-") as folder:
        files = Path(folder, "windows.npz"), Path(folder, "fits.json")
        inputs = windows(job.dataset, fit.config.window)
        np.savez(files[0], **{name: value.numpy() for name, value in inputs._asdict().items()})
        files[1].write_text(json.dumps([bare_fit(fit, count)._asdict() for count in [1, *[epochs] * repeats]]))
        usage = measure([sys.executable, "-m", "volopt.bench.bare_loop", *map(str, files), "1"])
    return [losses["cpu_seconds"] for losses in json.loads(usage.out)[1:]]
