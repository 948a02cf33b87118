"""Measure the overhead of a trial beyond its training, in volopt and in a plain Optuna script.

    python tests/bench/overhead.py [--trials 200] [--repeats 3]

Both run the same trials of one epoch and one seed, in one process with SQLite. volopt stores fit, file and scores, but
draws no pictures. The script calls ``study.optimize`` with a DataLoader whose batch is all of train, reports every
epoch and stores only the value. Overhead is the CPU time of the process minus that of the training itself.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import patch

import optuna
import torch
from torch.utils.data import DataLoader, TensorDataset

sys.path.append(str(Path(__file__).parents[1]))

from many_trials import TINY
from volopt.data.sample import write_sample
from volopt.executors.trainer import SerialTrainer
from volopt.search import run as runs
from volopt.search.callbacks import Callback
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.training.network import Network, predict
from volopt.training.task import tasks
from volopt.windows.windows import samples

WARM_UP = 20  # trials that do not count


class Clock(Callback):
    """Record the CPU seconds at the end of each trial, without those of training."""

    def __init__(self) -> None:
        self.training, self.ends = 0.0, list[float]()

    def on_trial_end(self, phase: Any, trial: Any) -> None:
        self.ends.append(time.process_time() - self.training)

    @property
    def overhead(self) -> float:
        """Return the CPU seconds a trial."""
        return (self.ends[-1] - self.ends[WARM_UP]) / (len(self.ends) - 1 - WARM_UP)


class Timed(SerialTrainer):
    """Train in this process, and add the time to a clock."""

    clock: Clock

    def submit(self, *arguments: Any) -> Any:
        """Train now."""
        start = time.process_time()
        try:
            return super().submit(*arguments)
        finally:
            self.clock.training += time.process_time() - start


def ours(job: Job) -> float:
    """Return the CPU seconds a trial of ``volopt run`` without training."""
    clock = Clock()
    trainer = Timed(job.dataset)
    trainer.clock = clock
    with patch.object(runs, "_trainer", lambda job: trainer):
        runs.run(job, [clock])
    return clock.overhead


def plain(job: Job, folder: Path, trials: int) -> float:
    """Return the same of a plain script."""
    clock = Clock()
    window = job.definition.model.window
    train, valid = (samples(job.dataset, split, window) for split in ("train", "valid"))
    loader = DataLoader(TensorDataset(train.inputs(), train.targets), batch_size=len(train))

    def fit(trial: optuna.Trial, params: dict[str, Any]) -> float:
        network = Network(tasks(job.definition, params, "cpu", "highest")[0], train)
        network.model.train()
        for inputs, targets in loader:
            network.optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(network.model(inputs), targets)
            loss.backward()
            network.optimizer.step()
        return float(torch.nn.functional.mse_loss(predict(network.model, valid), valid.targets))

    def objective(trial: optuna.Trial) -> float:
        params = {
            "hidden_size": trial.suggest_categorical("hidden_size", [3, 5]),
            "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        }
        start = time.process_time()
        value = fit(trial, params)
        clock.training += time.process_time() - start
        trial.report(value, 1)
        trial.should_prune()
        return value

    study = optuna.create_study(storage=f"sqlite:///{folder}/plain.db", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=trials, callbacks=[lambda study, trial: clock.on_trial_end(None, trial)])
    return clock.overhead


def main(trials: int, repeats: int) -> None:
    """Measure, and print."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    overheads: list[tuple[float, float]] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(prefix="volopt-overhead-") as name:
            folder = Path(name)
            write_sample(folder / "sample")
            (folder / "tiny.toml").write_text(TINY)
            options = RunOptions(
                f"sqlite:///{folder}/volopt.db", data=folder / "sample", workers=1, device="cpu", trials=trials
            )
            job = prepare_job(str(folder / "tiny.toml"), options)
            overheads.append((1000 * ours(job), 1000 * plain(job, folder, trials)))
    volopt, optuna_script = (median(column) for column in zip(*overheads, strict=True))
    print(f"CPU overhead a trial, median of {repeats}: volopt {volopt:.1f} ms, plain Optuna {optuna_script:.1f} ms")
    print(f"ratio {median(a / b for a, b in overheads):.2f}; the target is 25 ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    main(**vars(parser.parse_args()))
