"""Is a fit in volopt as fast as in neuralforecast's AutoLSTM with its Optuna backend?

    python tests/bench/peer.py [--python PEER_PYTHON] [--data DATA] [--fits 5] [--repeats 3]

An LSTM of 25 units on windows of 20 days, 100 full-batch steps, valid scored after each, learning rates drawn at
random: the same number of windows and features there and here, one thread each, whole trials of `volopt run`'s own
driver against whole trials of the peer. Medians over repeats, in turn. Without --python the peer is installed with pip
in a temporary environment, with the torch release of this one. Beside them the bare loop.
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

from volopt.bench.bare import Windows
from volopt.bench.networks import speed
from volopt.bench.process import measure
from volopt.bench.study import grid_job, windows
from volopt.bench.target import Target
from volopt.bench.trial import BenchmarkStudy, TrialCost
from volopt.search.job import Job
from volopt.training.device import PRECISIONS

UNITS, STEPS = 25, 100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def install(folder: Path) -> str:
    """The Python of a new environment that holds the peer."""
    venv.create(folder, with_pip=True)
    python = str(folder / "bin" / "python")
    release = torch.__version__.partition("+")[0]
    for packages in ([f"torch=={release}"], ["neuralforecast", "optuna"]):
        subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=True, stderr=subprocess.DEVNULL)
    return python


def days(data: Windows, target: int) -> np.ndarray:
    """The days that the windows of train and valid were cut from, the target first, shape (days, features)."""
    cut = np.concatenate([data.train.numpy(), data.valid.numpy()])
    last = cut[-1, -1:].copy()
    last[0, target] = data.valid_targets[-1]
    found = np.concatenate([cut[0], cut[1:, -1], last])
    return np.roll(found, -target, axis=1)


def peer_cost(python: str, path: Path, fits: int) -> TrialCost:
    """What a trial of the peer costs, its median."""
    command = [python, str(Path(__file__).with_name("peer_fits.py")), str(path), str(UNITS), str(STEPS), str(fits)]
    said = json.loads(measure(command, ONE_THREAD).out.splitlines()[-1])
    return TrialCost(median(said["seconds"]), median(said["cpu_seconds"]))


def costs(python: str, job: Job, folder: Path, fits: int, repeats: int) -> dict[str, TrialCost]:
    """What a trial costs in each way, medians over repeats."""
    data = windows(job.dataset, job.definition.model.window)
    path = folder / "days.npz"
    target = job.dataset.target_feature
    assert target is not None
    assert job.options.data is not None
    np.savez(path, days=days(data, target), window=data.train.shape[1], valid=len(data.valid))
    print(f"{len(data.train)} windows to learn from, {len(data.valid)} to score, of {data.train.shape[1]} days\n")
    found: dict[str, list[TrialCost]] = {}
    for repeat in range(repeats):
        found.setdefault("AutoLSTM, Optuna backend", []).append(peer_cost(python, path, fits))
        for precision in PRECISIONS:
            trials = BenchmarkStudy(
                folder / f"{precision}{repeat}", job.options.data,
                cell="LSTM", hidden_size=UNITS, epochs=STEPS, precision=precision,
            )  # fmt: skip
            found.setdefault(f"volopt, {precision}", []).append(trials.cost(fits))
    return {way: TrialCost(*map(median, zip(*each, strict=True))) for way, each in found.items()}


def main(python: str | None, data: Path | None, fits: int, repeats: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        peer = python or install(folder / "peer")
        printed.machine()
        job = grid_job(folder, STEPS, data)
        found = costs(peer, job, folder, fits, repeats)
        bare = speed(job, "LSTM", UNITS, STEPS, 1).bare_ms * STEPS / 1000
        theirs, ours, medium = found.values()
        printed.table(
            ["a trial", "wall s", "CPU s", "peer's CPU / this"],
            [
                *((way, cost.seconds, cost.cpu_seconds, theirs.cpu_seconds / cost.cpu_seconds)
                  for way, cost in found.items()),
                ("bare loop, the fit alone", "-", bare, theirs.cpu_seconds / bare),
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
