"""What does a trial cost beside its training, and what in a plain Optuna script?

    python tests/bench/overhead.py [--trials 200] [--repeats 3]

The same trials of one epoch, one seed, one process, SQLite: by volopt with all that it leaves (fit, file, scores; no
pictures), and by a script of ``study.optimize`` over a DataLoader with the whole of train as its batch, which reports
every epoch and keeps nothing but the value. Overhead is the process's CPU time less that of the training itself.
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
from volopt.executors.serial import SerialTrainer
from volopt.search import run as runs
from volopt.search.callbacks import Callback
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.training.network import Network
from volopt.training.task import tasks
from volopt.windows.windows import samples

WARM = 20  # trials before the first that counts


class Clock(Callback):
    """Notes the CPU seconds at the end of each trial, without those of training."""

    def __init__(self) -> None:
        self.training, self.ends = 0.0, list[float]()

    def trial_finished(self, phase: Any, trial: Any) -> None:
        self.ends.append(time.process_time() - self.training)

    @property
    def overhead(self) -> float:
        """CPU seconds a trial."""
        return (self.ends[-1] - self.ends[WARM]) / (len(self.ends) - 1 - WARM)


class Timed(SerialTrainer):
    """Trains in this process, and tells a clock how long it took."""

    clock: Clock

    def submit(self, *said: Any) -> Any:
        """Train now."""
        began = time.process_time()
        try:
            return super().submit(*said)
        finally:
            self.clock.training += time.process_time() - began


def ours(job: Job) -> float:
    """CPU seconds a trial of ``volopt run`` beside training."""
    clock = Clock()
    trainer = Timed(job.dataset)
    trainer.clock = clock
    with patch.object(runs, "_trainer", lambda job: trainer):
        runs.run(job, lambda plans: clock)
    return clock.overhead


def plain(job: Job, folder: Path, trials: int) -> float:
    """The same of a plain script."""
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
        return float(torch.nn.functional.mse_loss(network.predict(valid), valid.targets))

    def objective(trial: optuna.Trial) -> float:
        params = {
            "hidden_size": trial.suggest_categorical("hidden_size", [3, 5]),
            "learning_rate": trial.suggest_float("learning_rate", 1e-4, 1e-1, log=True),
        }
        began = time.process_time()
        value = fit(trial, params)
        clock.training += time.process_time() - began
        trial.report(value, 1)
        trial.should_prune()
        return value

    study = optuna.create_study(storage=f"sqlite:///{folder}/plain.db", sampler=optuna.samplers.RandomSampler(seed=0))
    study.optimize(objective, n_trials=trials, callbacks=[lambda study, trial: clock.trial_finished(None, trial)])
    return clock.overhead


def main(trials: int, repeats: int) -> None:
    """Measure, and print."""
    torch.set_num_threads(1)
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    found: list[tuple[float, float]] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory(prefix="volopt-overhead-") as name:
            folder = Path(name)
            write_sample(folder / "sample")
            (folder / "tiny.toml").write_text(TINY)
            said = RunOptions(
                f"sqlite:///{folder}/volopt.db", data=folder / "sample", workers=1, device="cpu", trials=trials
            )
            job = prepare_job(str(folder / "tiny.toml"), said)
            found.append((1000 * ours(job), 1000 * plain(job, folder, trials)))
    mine, theirs = median(each[0] for each in found), median(each[1] for each in found)
    print(f"overhead a trial, CPU, median of {repeats}: volopt {mine:.1f} ms, a plain Optuna script {theirs:.1f} ms")
    print(f"ratio {median(each[0] / each[1] for each in found):.2f}; the target is 25 ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    main(**vars(parser.parse_args()))
