"""What a trial costs beside its training: asking, storing, telling, with the real driver and a SQLite file."""

from pathlib import Path

from volopt.bench import bare
from volopt.bench.networks import cpu_seconds
from volopt.bench.study import bare_fit, task, windows
from volopt.search.job import Options, prepare_job
from volopt.search.listener import Listener
from volopt.search.run import run
from volopt.training.device import reproducible

STUDY = """
format = 1
name = "trials"
[data]
instrument = "SH600000"
features = ["$close", "$volume"]
target = "$volume"
train = ["2010-01-04", "2015-08-31"]
valid = ["2015-09-01", "2017-12-31"]
test = ["2018-01-01", "2018-12-28"]
[model]
cell = "RNN"
hidden_size = 5
[training]
epochs = 1
seeds = 1
[space]
learning_rate = { low = 1e-4, high = 1e-1, log = true }
[[phase]]
name = "random"
sampler = "random"
vary = ["learning_rate"]
trials = 1
"""


def overhead(directory: Path, data: Path, trials: int) -> float:
    """Return the milliseconds that a trial of one epoch takes beyond the bare loop's, without pictures.

    Args:
        directory: of the study and its database.
        data: the synthetic sample.
        trials: to take the mean of; one before them meets what a run does once.
    """
    path = directory / "trials.toml"
    path.write_text(STUDY)

    def seconds(total: int) -> float:
        options = Options(f"sqlite:///{directory}/trials.db", data=data, trials=total, workers=1, device="cpu")
        return float(run(prepare_job(str(path), options), lambda plans: Listener())["seconds"])

    seconds(1)
    took = seconds(1 + trials)
    return 1000 * (took / trials - _bare_seconds(path, directory, data))


def _bare_seconds(study: Path, directory: Path, data: Path) -> float:
    job = prepare_job(str(study), Options(f"sqlite:///{directory}/trials.db", data=data, device="cpu"))
    fit = bare_fit(task(job, {}), 1)
    inputs = windows(job.dataset, job.definition.model.window)
    with reproducible("cpu", "highest", fit.cell):
        return min(cpu_seconds(lambda: bare.train(fit, inputs)) for _ in range(5))
