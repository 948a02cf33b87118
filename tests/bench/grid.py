"""How fast is the paper's grid, whole, beside the notebooks' way, a plain Optuna script and the bare loop?

    python tests/bench/grid.py [--data DATA] [--epochs 100] [--repeats 1] [--workers N]

The 14 distinct fits of `width` and `depth` at one seed, on a qlib provider (the synthetic sample if left out). Each way
is a process of its own, timed from its start to its end: `volopt run` at both precisions; the notebooks' way, one fit
after another with torch's default threads; the same with one thread, the bare loop, whose CPU time is what training
takes; and a plain Optuna script. All score valid after each epoch. Medians over repeats. The losses that volopt kept
are compared with the bare loop's: no speed from different numbers.
"""

import argparse
import json
import sys
import tempfile
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import printed

from volopt.bench.bare import BareFit
from volopt.bench.process import ProcessUsage, measure, peak_memory
from volopt.bench.study import bare_fit, grid_job, task, windows
from volopt.bench.target import Target
from volopt.search.job import Job, cores
from volopt.training.device import PRECISIONS

sys.path.append(str(Path(__file__).parents[1]))

from processes import workers

HERE = Path(__file__).parent
PHASES = ("width", "depth")
KEYS = ("cell", "hidden_size", "num_layers")
NOTEBOOKS, BARE, OPTUNA = "notebooks' way", "bare loop, one thread", "plain Optuna script"


class Way:
    """One way of doing all fits, and what it took."""

    def __init__(self) -> None:
        self.runs: list[ProcessUsage] = []
        self.worker = 0.0  # MB of the largest worker process

    def run(self, *arguments: object) -> None:
        """Time one more run of a Python program."""
        self.runs.append(measure([sys.executable, *map(str, arguments)], look=self._look))

    def median(self, name: str) -> float:
        return median(getattr(run, name) for run in self.runs)

    def _look(self, process: int) -> None:
        self.worker = max([self.worker, *map(peak_memory, workers(process))])


def fits(job: Job) -> list[BareFit]:
    """The distinct points of the phases, as the bare loop takes them."""
    stays = {key: job.definition.baseline()[key] for key in KEYS}
    points = [
        stays | dict(zip(phase.grid, values, strict=True))
        for phase in job.phases
        for values in product(*phase.grid.values())
    ]
    distinct = {tuple(point.values()): point for point in points}
    return [bare_fit(task(job, point), job.definition.training.epochs) for point in distinct.values()]


def run_all(job: Job, folder: Path, workers: int, repeats: int) -> dict[str, Way]:
    """Run each way in turn."""
    files = folder / "windows.npz", folder / "fits.json"
    inputs = windows(job.dataset, job.definition.model.window)
    np.savez(files[0], **{name: value.numpy() for name, value in inputs._asdict().items()})
    files[1].write_text(json.dumps([fit._asdict() for fit in fits(job)]))
    ways = {name: Way() for name in (*map(volopt, PRECISIONS), NOTEBOOKS, BARE, OPTUNA)}
    training = job.definition.training
    said = ["--data", job.options.data, "--epochs", training.epochs, "--seeds", training.seeds, "--workers", workers]
    said += [word for phase in PHASES for word in ("--phase", phase)]
    for repeat in range(repeats):
        for precision in PRECISIONS:
            where = f"sqlite:///{folder}/{precision}{repeat}/volopt.db"
            ways[volopt(precision)].run(
                "-m", "volopt", "run", "grid", "--json", "--storage", where, "--precision", precision, *said
            )
        ways[NOTEBOOKS].run("-m", "volopt.bench.bare", *files)
        ways[BARE].run("-m", "volopt.bench.bare", *files, 1)
        ways[OPTUNA].run(HERE / "plain_optuna.py", *files, folder / f"plain{repeat}.db")
    return ways


def volopt(precision: str) -> str:
    """The name of volopt's own way."""
    return f"volopt run, {precision}"


def kept_losses(folder: Path) -> dict[tuple[Any, ...], dict[str, float]]:
    """The losses of the first run at full precision, by point."""
    command = [sys.executable, "-m", "volopt", "trials", "grid", "--json", "--storage"]
    trials = json.loads(measure([*command, f"sqlite:///{folder}/highest0/volopt.db"]).out)
    return {tuple(trial["params"][key] for key in KEYS): trial["seeds"][0] for trial in trials}


def compare_losses(todo: list[BareFit], kept: dict[tuple[Any, ...], dict[str, float]], bare: Way) -> str:
    """Whether volopt's losses at the last epoch are the bare loop's."""
    equal, worst = 0, 0.0
    for fit, losses in zip(todo, json.loads(bare.runs[0].out), strict=True):
        ours = kept[fit.cell, fit.hidden_size, fit.num_layers]
        pairs = [(ours[f"{name}_mse"], losses[name][-1]) for name in ("train", "valid")]
        equal += all(a == b for a, b in pairs)
        worst = max(worst, *(abs(a - b) / b for a, b in pairs))
    return (
        f"{equal} of {len(todo)} fits have the bare loop's losses bit for bit; the largest difference is {worst:.1g}."
    )


def held(ways: dict[str, Way], workers: int) -> list[Target]:
    """The issue's targets."""
    full, medium = (ways[volopt(precision)] for precision in PRECISIONS)
    bare, notebooks = ways[BARE].median("cpu_seconds"), ways[NOTEBOOKS].median("seconds")
    return [
        Target(
            "wall time, highest: bare CPU / workers · 1.10 + 5 s",
            full.median("seconds"), 1.1 * bare / workers + 5, "s",
        ),
        Target("CPU time over the bare loop's, highest", full.median("cpu_seconds") / bare, 1.10),
        Target("notebooks' way / volopt, highest", notebooks / full.median("seconds"), 1.25, at_least=True),
        Target("notebooks' way / volopt, medium", notebooks / medium.median("seconds"), 1.75, at_least=True),
        Target("memory of the largest worker", max(full.worker, medium.worker), 1200, "MB"),
    ]  # fmt: skip


def main(data: Path | None, epochs: int, repeats: int, workers: int) -> None:
    """Run all ways and print what they took."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = grid_job(folder, epochs, data, PHASES)
        printed.machine()
        ways = run_all(job, folder, workers, repeats)
        print(f"{len(fits(job))} fits of {epochs} epochs, {workers} workers, medians of {repeats}\n")
        fastest = ways[volopt("highest")].median("seconds")
        printed.table(
            ["way", "wall s", "CPU s", "largest process MB", "worker MB", "wall / volopt's"],
            [
                (label, way.median("seconds"), way.median("cpu_seconds"), way.median("memory"), way.worker or "-",
                 way.median("seconds") / fastest)
                for label, way in ways.items()
            ],
        )  # fmt: skip
        printed.targets(held(ways, workers))
        print(compare_losses(fits(job), kept_losses(folder), ways[BARE]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--workers", type=int, default=cores())
    main(**vars(parser.parse_args()))
