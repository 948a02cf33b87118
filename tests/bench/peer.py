"""Compare the speed of a fit in volopt and in neuralforecast's AutoLSTM with its Optuna backend.

    python tests/bench/peer.py [--python PEER_PYTHON] [--data DATA] [--fits 5] [--repeats 3]

Both train an LSTM of 25 units on windows of 20 days, for 100 full-batch steps, with valid scored after each and random
learning rates. Windows and features have the same numbers; each uses one thread; whole trials of `volopt run`'s driver
are compared with whole trials of the peer. Figures are medians over repeats, run in turn; the bare loop is printed too.
Without --python, pip installs the peer in a temporary environment, with the same torch release.
"""

import argparse
import json
import subprocess
import tempfile
import venv
from pathlib import Path
from statistics import median

import numpy as np
import printed
import torch

from volopt.bench.bare_loop import Windows
from volopt.bench.fits import speed
from volopt.bench.process import Target, measure
from volopt.bench.study import grid_job, windows
from volopt.bench.trial import BenchmarkStudy, TrialCost
from volopt.search.job import Job
from volopt.training.device import PRECISIONS

UNITS, STEPS = 25, 100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def install(folder: Path) -> str:
    """Install the peer in a new environment, and return its Python."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    release = torch.__version__.partition("+")[0]
    for packages in ([f"torch=={release}"], ["neuralforecast", "optuna"]):
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, stderr=subprocess.DEVNULL)
    return python


def days(data: Windows, target: int) -> np.ndarray:
    """Return the days of the windows of train and valid, the target first, shape (days, features)."""
    joined = np.concatenate([data.train.numpy(), data.valid.numpy()])
    last = joined[-1, -1:].copy()
    last[0, target] = data.valid_targets[-1]
    return np.roll(np.concatenate([joined[0], joined[1:, -1], last]), -target, axis=1)


def peer_cost(python: str, path: Path, fits: int) -> TrialCost:
    """Return the median cost of a trial of the peer."""
    command = [python, str(Path(__file__).with_name("peer_fits.py")), str(path), str(UNITS), str(STEPS), str(fits)]
    costs = json.loads(measure(command, ONE_THREAD).out.splitlines()[-1])
    return TrialCost(median(costs["seconds"]), median(costs["cpu_seconds"]))


def costs(python: str, job: Job, folder: Path, fits: int, repeats: int) -> dict[str, TrialCost]:
    """Return the cost of a trial in each program, medians over repeats."""
    data = windows(job.dataset, job.definition.model.window)
    path = folder / "days.npz"
    target = job.dataset.target_feature
    assert target is not None
    assert job.options.data is not None
    np.savez(path, days=days(data, target), window=data.train.shape[1], valid=len(data.valid))
    print(f"{len(data.train)} train windows, {len(data.valid)} valid windows, of {data.train.shape[1]} days\n")
    by_program: dict[str, list[TrialCost]] = {}
    for repeat in range(repeats):
        by_program.setdefault("AutoLSTM, Optuna backend", []).append(peer_cost(python, path, fits))
        for precision in PRECISIONS:
            study = BenchmarkStudy(
                folder / f"{precision}{repeat}", job.options.data,
                cell="LSTM", hidden_size=UNITS, epochs=STEPS, precision=precision,
            )  # fmt: skip
            by_program.setdefault(f"volopt, {precision}", []).append(study.cost(fits))
    return {name: TrialCost(*map(median, zip(*trials, strict=True))) for name, trials in by_program.items()}


def main(python: str | None, data: Path | None, fits: int, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = python or install(folder / "peer")
        printed.machine()
        job = grid_job(folder, STEPS, data)
        by_program = costs(peer, job, folder, fits, repeats)
        bare = speed(job, "LSTM", UNITS, STEPS, 1).bare_ms * STEPS / 1000
        theirs, ours, medium = by_program.values()
        printed.table(
            ["a trial", "wall s", "CPU s", "peer's CPU / this"],
            [
                *((name, cost.seconds, cost.cpu_seconds, theirs.cpu_seconds / cost.cpu_seconds)
                  for name, cost in by_program.items()),
                ("bare loop, the fit only", "-", bare, theirs.cpu_seconds / bare),
            ],
        )  # fmt: skip
        printed.targets(
            [
                Target("peer / volopt, highest, CPU", theirs.cpu_seconds / ours.cpu_seconds, 1.0, at_least=True),
                Target("peer / volopt, medium, CPU", theirs.cpu_seconds / medium.cpu_seconds, 1.7, at_least=True),
            ]
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--fits", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    main(**vars(parser.parse_args()))
