"""Compare the time of the paper's grid with the notebooks' way, a plain Optuna script and the bare loop.

    python tests/bench/grid.py [--data DATA] [--epochs 100] [--repeats 1] [--workers N]

All train the 14 distinct fits of `width` and `depth` at one seed, on a qlib provider (default: the synthetic sample).
Each program is its own process, timed from start to end: `volopt run` at both precisions; the notebooks' way, one fit
after another with torch's default threads; the bare loop, the same with one thread, whose CPU time is that of training;
and a plain Optuna script. All score valid after each epoch. Figures are medians over repeats. The script compares the
losses that volopt stored with those of the bare loop, so that no speed comes from different numbers.
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

from volopt.bench.bare_loop import BareFit
from volopt.bench.process import ProcessUsage, Target, measure, peak_memory
from volopt.bench.study import bare_fit, grid_job, task, windows
from volopt.executors.machine import cores
from volopt.search.job import Job
from volopt.training.device import PRECISIONS

sys.path.append(str(Path(__file__).parents[1]))

from processes import workers

HERE = Path(__file__).parent
PHASES = ("width", "depth")
KEYS = ("cell", "hidden_size", "num_layers")
NOTEBOOKS, BARE, OPTUNA = "notebooks' way", "bare loop, one thread", "plain Optuna script"


class Program:
    """Hold the runs of one program that trains all fits."""

    def __init__(self) -> None:
        self.runs: list[ProcessUsage] = []
        self.worker = 0.0  # MB, peak of its largest worker process

    def run(self, *arguments: object) -> None:
        """Time one more run with these arguments of Python."""
        self.runs.append(measure([sys.executable, *map(str, arguments)], watch=self._watch_workers))

    def median(self, name: str) -> float:
        return median(getattr(run, name) for run in self.runs)

    def _watch_workers(self, process: int) -> None:
        self.worker = max([self.worker, *map(peak_memory, workers(process))])


def fits(job: Job) -> list[BareFit]:
    """Return the distinct points of the phases as fits of the bare loop."""
    defaults = {key: job.definition.defaults()[key] for key in KEYS}
    points = [
        defaults | dict(zip(phase.grid, values, strict=True))
        for phase in job.phases
        for values in product(*phase.grid.values())
    ]
    distinct = {tuple(point.values()): point for point in points}
    return [bare_fit(task(job, point), job.definition.training.epochs) for point in distinct.values()]


def run_all(job: Job, folder: Path, workers: int, repeats: int) -> dict[str, Program]:
    """Run each program in turn."""
    files = folder / "windows.npz", folder / "fits.json"
    inputs = windows(job.dataset, job.definition.model.window)
    np.savez(files[0], **{name: value.numpy() for name, value in inputs._asdict().items()})
    files[1].write_text(json.dumps([fit._asdict() for fit in fits(job)]))
    programs = {name: Program() for name in (*map(volopt, PRECISIONS), NOTEBOOKS, BARE, OPTUNA)}
    training = job.definition.training
    options = ["--data", job.options.data, "--epochs", training.epochs, "--seeds", training.seeds, "--workers", workers]
    options += [word for phase in PHASES for word in ("--phase", phase)]
    for repeat in range(repeats):
        for precision in PRECISIONS:
            storage = f"sqlite:///{folder}/{precision}{repeat}/volopt.db"
            programs[volopt(precision)].run(
                "-m", "volopt", "run", "grid", "--json", "--storage", storage, "--precision", precision, *options
            )
        programs[NOTEBOOKS].run("-m", "volopt.bench.bare_loop", *files)
        programs[BARE].run("-m", "volopt.bench.bare_loop", *files, 1)
        programs[OPTUNA].run(HERE / "plain_optuna.py", *files, folder / f"plain{repeat}.db")
    return programs


def volopt(precision: str) -> str:
    """Return the name of volopt at a precision."""
    return f"volopt run, {precision}"


def stored_losses(folder: Path) -> dict[tuple[Any, ...], dict[str, float]]:
    """Return the losses of the first run at full precision, by point."""
    command = [sys.executable, "-m", "volopt", "trials", "grid", "--json", "--storage"]
    trials = json.loads(measure([*command, f"sqlite:///{folder}/highest0/volopt.db"]).out)
    return {tuple(trial["params"][key] for key in KEYS): trial["seeds"][0] for trial in trials}


def compare_losses(fits: list[BareFit], stored: dict[tuple[Any, ...], dict[str, float]], bare: Program) -> str:
    """Compare volopt's losses at the last epoch with those of the bare loop."""
    equal, worst = 0, 0.0
    for fit, losses in zip(fits, json.loads(bare.runs[0].out), strict=True):
        ours = stored[fit.cell, fit.hidden_size, fit.num_layers]
        pairs = [(ours[f"{name}_mse"], losses[name][-1]) for name in ("train", "valid")]
        equal += all(a == b for a, b in pairs)
        worst = max(worst, *(abs(a - b) / b for a, b in pairs))
    return f"{equal} of {len(fits)} fits equal the bare loop bit for bit; the largest difference is {worst:.1g}."


def targets(programs: dict[str, Program], workers: int) -> list[Target]:
    """Return the figures that have a bound."""
    full, medium = (programs[volopt(precision)] for precision in PRECISIONS)
    bare, notebooks = programs[BARE].median("cpu_seconds"), programs[NOTEBOOKS].median("seconds")
    return [
        Target(
            "wall time, highest: bare CPU / workers · 1.10 + 5 s",
            full.median("seconds"), 1.1 * bare / workers + 5, "s",
        ),
        Target("CPU time, volopt / bare loop, highest", full.median("cpu_seconds") / bare, 1.10),
        Target("notebooks' way / volopt, highest", notebooks / full.median("seconds"), 1.25, at_least=True),
        Target("notebooks' way / volopt, medium", notebooks / medium.median("seconds"), 1.75, at_least=True),
        Target("memory of the largest worker", max(full.worker, medium.worker), 1200, "MB"),
    ]  # fmt: skip


def main(data: Path | None, epochs: int, repeats: int, workers: int) -> None:
    """Run all programs and print their figures."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        job = grid_job(folder, epochs, data, PHASES)
        printed.machine()
        programs = run_all(job, folder, workers, repeats)
        print(f"{len(fits(job))} fits of {epochs} epochs, {workers} workers, medians of {repeats}\n")
        reference = programs[volopt("highest")].median("seconds")
        printed.table(
            ["program", "wall s", "CPU s", "largest process MB", "worker MB", "wall / volopt's"],
            [
                (label, program.median("seconds"), program.median("cpu_seconds"), program.median("memory"),
                 program.worker or "-", program.median("seconds") / reference)
                for label, program in programs.items()
            ],
        )  # fmt: skip
        printed.targets(targets(programs, workers))
        print(compare_losses(fits(job), stored_losses(folder), programs[BARE]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--workers", type=int, default=cores())
    main(**vars(parser.parse_args()))
