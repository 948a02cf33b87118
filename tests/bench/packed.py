"""How many fits a second does one device train, packed and one by one?

    python tests/bench/packed.py [--device auto|cpu|cuda] [--data DIR] [--fits N] [--epochs N] [--repeats N]

DIR is a qlib provider with SH600000 (the synthetic sample if left out). The first row draws trials at random from the
space of `search`, with networks of up to 64 units, five seeds each; the others are the largest networks of `grid`.
Each row trains the same fits three ways: one by one, packed whatever it costs (`--pack N`), and as `--pack auto` would,
from rung to rung as the driver asks. One by one is measured on a share of the fits, drawn anew in each repeat; on a CPU
the seconds are CPU seconds, since other programs take the wall clock's. Figures are medians over the repeats.
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
from pathlib import Path
from statistics import median
from typing import Any

import torch

from volopt.data.sample import write_sample
from volopt.packs.timing import PackTiming
from volopt.packs.trainer import PackTrainer
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.training.device import resolve
from volopt.training.fit import advance
from volopt.training.progress import Progress
from volopt.training.task import Task, tasks

SEEDS = 5
ALONE = 8  # fits of a row that are also trained one by one
LARGEST = {
    "RNN, 250 units": {"cell": "RNN", "hidden_size": 250},
    "LSTM, 250 units": {"cell": "LSTM", "hidden_size": 250},
    "RNN, 25 layers": {"cell": "RNN", "num_layers": 25},
    "LSTM, 25 layers": {"cell": "LSTM", "num_layers": 25},
}


def job(study: str, data: Path, folder: Path) -> Job:
    """A study of volopt's own on the data."""
    return prepare_job(study, RunOptions(storage=f"sqlite:///{folder}/bench.db", data=data))


def fits(found: Job, params: dict[str, Any], device: str, epochs: int, seeds: int = SEEDS) -> list[Task]:
    """The fits of one trial, every one of them to its last epoch."""
    first = tasks(found.definition, params, device, "highest", packed=True)[0]
    return [replace(first, seed=seed, epochs=epochs, early_stopping=None) for seed in range(seeds)]


def drawn(generator: random.Random) -> dict[str, Any]:
    """A trial of the space of `search`, with up to 64 units."""

    def log(low: float, high: float) -> float:
        return math.exp(generator.uniform(math.log(low), math.log(high)))

    return {
        "cell": generator.choice(["GRU", "LSTM", "RNN"]),
        "hidden_size": int(log(4, 65)),
        "num_layers": generator.choice([1, 2]),
        "dropout": generator.uniform(0, 0.5),
        "window": generator.randint(5, 60),
        "learning_rate": log(5e-4, 3e-2),
        "batch_size": generator.choice([64, 128, 256]),
        "weight_decay": log(1e-6, 1e-1),
    }


def alone(given: Sequence[Task], found: Job) -> int:
    """Train some fits one by one, and return how many."""
    for each in given:
        advance(each, found.dataset, None, each.epochs)
    return len(given)


def together(given: Sequence[Task], found: Job, pace: PackTiming) -> int:
    """Train fits as the driver would have a trainer do it, and return how many."""
    trainer = PackTrainer(found.dataset, len(given), pace)
    live: dict[Future[Progress], Task] = {trainer.submit(each, None, each.rung): each for each in given}
    while live:
        for future in wait(live, return_when=FIRST_COMPLETED).done:
            own, state = live.pop(future), future.result().state
            if state is not None:
                live[trainer.submit(own, state, min(state.epoch + own.rung, own.epochs))] = own
    trainer.close()
    return len(given)


def per_second(work: Callable[[], int], clock: Callable[[], float]) -> float:
    """Fits a second."""
    began = clock()
    return work() / (clock() - began)


class Picked(logging.Handler):
    """Counts what was found faster when it was measured."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.packed, self.alone = 0, 0
        log = logging.getLogger("volopt.packs.timing")
        log.addHandler(self)
        log.setLevel(logging.INFO)

    def emit(self, record: logging.LogRecord) -> None:
        """Count one group."""
        won = record.getMessage().endswith("they are packed")
        self.packed, self.alone = self.packed + won, self.alone + (not won)

    def told(self) -> str:
        """What was counted since the last time."""
        told = f"{self.packed} packed, {self.alone} one by one"
        self.packed, self.alone = 0, 0
        return told


def row(name: str, given: Sequence[Task], found: Job, repeats: int, picked: Picked) -> None:
    """Measure and print one row."""
    clock = time.process_time if given[0].device == "cpu" else time.perf_counter
    ratios: list[tuple[float, ...]] = []
    for repeat in range(repeats):
        some = random.Random(repeat).sample(list(given), min(ALONE, len(given)))
        one = per_second(lambda some=some: alone(some, found), clock)
        forced, auto = (
            per_second(lambda measures=measures: together(given, found, PackTiming(measures=measures)), clock)
            for measures in (False, True)
        )
        ratios.append((one, forced, auto, forced / one, auto / one))
    one, forced, auto, of_forced, of_auto = (median(values) for values in zip(*ratios, strict=True))
    figures = f"{one:.2f} | {forced:.2f} ({of_forced:.2f} ×) | {auto:.2f} ({of_auto:.2f} ×)"
    print(f"| {name} | {len(given)} | {figures} | {picked.told()} |", flush=True)


def main(device: str, data: Path | None, count: int, epochs: int, repeats: int, folder: Path) -> None:
    """Print the table."""
    if data is None:
        data = folder / "sample"
        write_sample(data)
    machine = torch.cuda.get_device_name(device) if device != "cpu" else "one thread of the CPU"
    print(f"{machine}, torch {torch.__version__}, fits of {epochs} epochs, medians of {repeats}\n")
    print("| fits | how many | one by one, a second | `--pack N` | `--pack auto` | groups that auto measured |")
    print("|---|---|---|---|---|---|")
    picked, generator, search, grid = Picked(), random.Random(0), job("search", data, folder), job("grid", data, folder)
    trials = [fits(search, drawn(generator), device, epochs) for _ in range(count // SEEDS)]
    row("`search`, up to 64 units", [each for trial in trials for each in trial], search, repeats, picked)
    for name, params in LARGEST.items():
        row(f"`grid`, {name}", fits(grid, params, device, epochs), grid, repeats, picked)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--device", default="auto")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fits", type=int, help="of the first row; 1000 on a GPU, 30 on a CPU")
    parser.add_argument("--epochs", type=int, help="of each fit; 100 on a GPU, 10 on a CPU")
    parser.add_argument("--repeats", type=int, default=3)
    said = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        where = resolve(said.device)
        usual = (30, 10) if where == "cpu" else (1000, 100)
        main(where, said.data, said.fits or usual[0], said.epochs or usual[1], said.repeats, Path(place))
