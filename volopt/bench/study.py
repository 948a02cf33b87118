"""Prepare the study that is measured: the paper's grid, one fit a trial, on the synthetic sample or a provider."""

from collections.abc import Sequence
from pathlib import Path

from volopt.bench.bare_loop import BareFit, Windows
from volopt.data.sample import write_sample
from volopt.search.job import Job, RunOptions, prepare_job
from volopt.studies.space import Params
from volopt.training.task import Task, tasks
from volopt.windows.dataset import Dataset
from volopt.windows.windows import samples


def grid_job(directory: Path, epochs: int, data: Path | None = None, phases: Sequence[str] = ()) -> Job:
    """Return the shipped study ``grid`` with one seed, ready to run.

    Args:
        directory: of its database and, without data, of the sample.
        epochs: of each fit.
        data: a qlib provider directory, or None for the synthetic sample.
        phases: of the study, or none to run all.
    """
    if data is None:
        data = directory / "sample"
        write_sample(data)
    storage = f"sqlite:///{directory}/volopt.db"
    return prepare_job("grid", RunOptions(storage, data=data, phases=phases, epochs=epochs, seeds=1, device="cpu"))


def task(job: Job, params: Params, precision: str = "highest") -> Task:
    """Return the fit of some parameters, with the study's defaults otherwise."""
    (fit,) = tasks(job.definition, params, "cpu", precision)
    return fit


def windows(dataset: Dataset, window: int) -> Windows:
    """Return the windows that a fit learns from, copied, as the bare loop takes them."""
    train, valid = samples(dataset, "train", window), samples(dataset, "valid", window)
    return Windows(train.inputs().contiguous(), train.targets, valid.inputs().contiguous(), valid.targets)


def bare_fit(task: Task, epochs: int) -> BareFit:
    """Return the same fit for the bare loop, with this number of epochs."""
    config = task.config
    return BareFit(config.cell, config.hidden_size, config.num_layers, config.learning_rate, task.seed, epochs)
