"""Measure how many fits a second one device trains, packed and one by one.

    python tests/bench/packed.py [--device auto|cpu|cuda] [--data DIR] [--fits N] [--epochs N] [--repeats N]

DIR is a qlib provider with SH600000 (default: the synthetic sample). The first row draws random trials from the space
of `search`, with networks of up to 64 units and five seeds each; the others are the largest networks of `grid`. Each
row trains the same fits in three ways: one by one, always packed (`--pack N`), and as `--pack auto` chooses. Packs go
from rung to rung, as the driver asks. One by one trains a random sample of the fits in each repeat. On a CPU, seconds
are CPU seconds, as other programs disturb the wall clock. Figures are medians over the repeats.
"""

import argparse
import logging
import math
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch

from volopt.data.sample import write_sample
from volopt.executors.machine import resolve
from volopt.packs.timing import PackTiming
from volopt.packs.trainer import PackTrainer
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.training.fit import advance
from volopt.training.task import Fit, State, Task, tasks

SEEDS = 5
MAX_ONE_BY_ONE = 8  # fits of a row that are also trained one by one
LARGEST = {
    "RNN, 250 units": {"cell": "RNN", "hidden_size": 250},
    "LSTM, 250 units": {"cell": "LSTM", "hidden_size": 250},
    "RNN, 25 layers": {"cell": "RNN", "num_layers": 25},
    "LSTM, 25 layers": {"cell": "LSTM", "num_layers": 25},
}


def job(study: str, data: Path, folder: Path) -> Job:
    """Return a shipped study on the data, ready to run."""
    return prepare_job(study, RunOptions(storage=f"sqlite:///{folder}/bench.db", data=data))


def fits(job: Job, params: dict[str, Any], device: str, epochs: int, seeds: int = SEEDS) -> list[Task]:
    """Return the fits of one trial, without early stopping."""
    first = tasks(job.definition, params, device, "highest", packed=True)[0]
    return [replace(first, seed=seed, epochs=epochs, early_stopping=None) for seed in range(seeds)]


def random_params(generator: random.Random) -> dict[str, Any]:
    """Return a trial of the space of `search`, with up to 64 units and no static branch, which packs refuse."""

    def log(low: float, high: float) -> float:
        return math.exp(generator.uniform(math.log(low), math.log(high)))

    return {
        "cell": generator.choice(["GRU", "LSTM", "RNN"]),
        "hidden_size": int(log(4, 65)),
        "num_layers": generator.choice([1, 2]),
        "dropout": generator.uniform(0, 0.5),
        "window": generator.randint(5, 60),
        "static": "none",
        "learning_rate": log(5e-4, 3e-2),
        "batch_size": generator.choice([64, 128, 256]),
        "weight_decay": log(1e-6, 1e-1),
    }


def train_one_by_one(fits: Sequence[Task], job: Job) -> int:
    """Train fits one by one, and return how many."""
    for fit in fits:
        advance(job.dataset, fit, None, fit.epochs)
    return len(fits)


def train_packed(fits: Sequence[Task], job: Job, timing: PackTiming, members: int | None = None) -> int:
    """Train fits in packs of up to ``members``, or of all, as the driver does, and return how many."""
    members, waiting = members or len(fits), iter(fits)
    trainer = PackTrainer(job.dataset, members, timing)
    live: dict[Future[State | Fit], Task] = {}
    while True:
        live |= {trainer.submit(fit, None, fit.rung): fit for fit in islice(waiting, members - len(live))}
        if not live:
            break
        for future in wait(live, return_when=FIRST_COMPLETED).done:
            fit, state = live.pop(future), future.result()
            if isinstance(state, State):
                live[trainer.submit(fit, state, min(state.epoch + fit.rung, fit.epochs))] = fit
    trainer.close()
    return len(fits)


def per_second(work: Callable[[], int], clock: Callable[[], float]) -> float:
    """Return the fits a second of a function that returns their number."""
    start = clock()
    return work() / (clock() - start)


class TimingLog(logging.Handler):
    """Count the groups that were measured, by what was faster."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.packed, self.alone = 0, 0
        log = logging.getLogger("volopt.packs.timing")
        log.addHandler(self)
        log.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one group."""
        packed = record.getMessage().endswith("they are packed")
        self.packed, self.alone = self.packed + packed, self.alone + (not packed)

    def pop(self) -> str:
        """Return the counts, and reset them."""
        counts = f"{self.packed} packed, {self.alone} one by one"
        self.packed, self.alone = 0, 0
        return counts


def row(name: str, fits: Sequence[Task], job: Job, repeats: int, log: TimingLog) -> None:
    """Measure and print one row."""
    clock = time.process_time if fits[0].device == "cpu" else time.perf_counter
    ratios: list[tuple[float, ...]] = []
    for repeat in range(repeats):
        sample = random.Random(repeat).sample(list(fits), min(MAX_ONE_BY_ONE, len(fits)))
        one = per_second(lambda sample=sample: train_one_by_one(sample, job), clock)
        forced, auto = (
            per_second(lambda measures=measures: train_packed(fits, job, PackTiming(measures=measures)), clock)
            for measures in (False, True)
        )
        ratios.append((one, forced, auto, forced / one, auto / one))
    one, forced, auto, of_forced, of_auto = (median(values) for values in zip(*ratios, strict=True))
    figures = f"{one:.2f} | {forced:.2f} ({of_forced:.2f} ×) | {auto:.2f} ({of_auto:.2f} ×)"
    print(f"| {name} | {len(fits)} | {figures} | {log.pop()} |", flush=True)


def main(device: str, data: Path | None, count: int, epochs: int, repeats: int, folder: Path) -> None:
    """Print the table."""
    if data is None:
        data = folder / "sample"
        write_sample(data)
    machine = torch.cuda.get_device_name(device) if device != "cpu" else "one thread of the CPU"
    print(f"{machine}, torch {torch.__version__}, fits of {epochs} epochs, medians of {repeats}\n")
    print("| fits | how many | one by one, a second | `--pack N` | `--pack auto` | groups that auto measured |")
    print("|---|---|---|---|---|---|")
    log, generator, search, grid = TimingLog(), random.Random(0), job("search", data, folder), job("grid", data, folder)
    trials = [fits(search, random_params(generator), device, epochs) for _ in range(count // SEEDS)]
    row("`search`, up to 64 units", [fit for trial in trials for fit in trial], search, repeats, log)
    for name, params in LARGEST.items():
        row(f"`grid`, {name}", fits(grid, params, device, epochs), grid, repeats, log)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fits", type=int, help="of the first row; 1000 on a GPU, 30 on a CPU")
    parser.add_argument("--epochs", type=int, help="of each fit; 100 on a GPU, 10 on a CPU")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    device = resolve(arguments.device)
    count, epochs = (30, 10) if device == "cpu" else (1000, 100)
    count, epochs = arguments.fits or count, arguments.epochs or epochs
    with tempfile.TemporaryDirectory() as folder:
        main(device, arguments.data, count, epochs, arguments.repeats, Path(folder))
