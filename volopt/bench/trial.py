"""Measure a trial with the real driver and a SQLite file, with its training or beyond it."""

from pathlib import Path
from typing import NamedTuple

from volopt.bench import bare_loop
from volopt.bench.fits import cpu_seconds
from volopt.bench.study import bare_fit, task, windows
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.search.run import run
from volopt.training.device import reproducible

STUDY = """
format = 1
name = "trials"
[data]
instrument = "SH600000"
features = ["$close", "$volume", "$high-$low", "Mean($close, 3)"]
target = "$volume"
train = ["2010-01-01", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]
test = ["2018-01-01", "2018-12-31"]
[model]
cell = "{cell}"
hidden_size = {hidden_size}
[training]
epochs = {epochs}
seeds = 1
[space]
learning_rate = {{ low = 1e-4, high = 1e-1, log = true }}
[[phase]]
name = "random"
sampler = "random"
vary = ["learning_rate"]
trials = 1
"""


class TrialCost(NamedTuple):
    """Hold the cost of a trial, the mean of several."""

    seconds: float
    cpu_seconds: float


class BenchmarkStudy:
    """Run a study of random learning rates, one seed a trial, in this process and without pictures.

    Args:
        directory: of the study file and its database.
        data: a qlib provider directory.
        cell: of the network.
        hidden_size: of its one layer.
        epochs: of a fit.
        precision: ``highest`` or ``medium``.
    """

    def __init__(
        self,
        directory: Path,
        data: Path,
        *,
        cell: str = "RNN",
        hidden_size: int = 5,
        epochs: int = 1,
        precision: str = "highest",
    ) -> None:
        self._path, self._data, self._precision = directory / "trials.toml", data, precision
        directory.mkdir(exist_ok=True)
        self._path.write_text(STUDY.format(cell=cell, hidden_size=hidden_size, epochs=epochs))

    def cost(self, trials: int) -> TrialCost:
        """Return the mean cost of a trial, after one trial that pays for what a run does once."""
        self._run(1)
        facts = self._run(1 + trials)
        return TrialCost(facts["seconds"] / trials, facts["cpu_seconds"] / trials)

    def overhead_ms(self, trials: int) -> float:
        """Return the milliseconds of a trial minus the bare loop's."""
        return 1000 * (self.cost(trials).seconds - self._bare_seconds())

    def _run(self, total: int) -> dict[str, float]:
        return run(self._job(total))

    def _job(self, total: int) -> Job:
        storage = f"sqlite:///{self._path.with_suffix('.db')}"
        options = RunOptions(storage, data=self._data, trials=total, workers=1, device="cpu", precision=self._precision)
        return prepare_job(str(self._path), options)

    def _bare_seconds(self) -> float:
        job = self._job(1)
        fit = bare_fit(task(job, {}), job.definition.training.epochs)
        inputs = windows(job.dataset, job.definition.model.window)
        with reproducible("cpu"):
            return min(cpu_seconds(lambda: bare_loop.train(fit, inputs)) for _ in range(5))
