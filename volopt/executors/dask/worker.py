"""The functions that run on a worker of a Dask cluster.

Arguments and answers have Python's own types, so that a worker with other versions can still report that it does not
fit. The data are sent once and stay, for this study and the next.
"""

import pickle
import platform
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

import torch
from distributed import Worker

import volopt
from volopt.executors.dask.connection import DONE, NO_DATA, UNFIT
from volopt.executors.worker import answer

MAX_DATASETS = 2  # in memory
PACKAGES = ("torch", "numpy")  # their versions decide a fit's numbers

_datasets: dict[str, tuple[Callable[..., Any], Any]] = {}  # functions and their datasets, by digest; the oldest first


def versions() -> dict[str, str]:
    """Return the versions that must be equal on all machines: for equal results, and to unpickle tasks."""
    python = ".".join(platform.python_version_tuple()[:2])
    packages = {name: metadata.version(name).partition("+")[0] for name in PACKAGES}  # without the build, as "+cpu"
    return {"volopt": volopt.__version__, "Python": python} | packages


def check(worker: Worker, expected: Mapping[str, str]) -> tuple[str, str]:
    """Return (``UNFIT``, the reason in a sentence) if a worker cannot take part in a run, else (``DONE``, nothing)."""
    own = versions()
    different = [name for name in own if own[name] != expected.get(name)]
    if different:
        here, there = (", ".join(f"{name} {known.get(name)}" for name in different) for known in (own, expected))
        return UNFIT, f"the worker {worker.address} has {here}, but this run has {there}: results would differ"
    if worker.state.nthreads > 1:
        reason = f"has {worker.state.nthreads} threads: fits in one process would share torch's random generator"
        return UNFIT, f"the worker {worker.address} {reason}"
    return DONE, ""


def work(
    worker: Worker, expected: Mapping[str, str], on_gpu: bool, digest: str, data: bytes | None, task: bytes
) -> tuple[str, Any]:
    """Return (``DONE``, what ``executors.worker.answer`` returns).

    Args:
        worker: that runs this.
        expected: the run's ``versions``.
        on_gpu: whether the task is for a CUDA device.
        digest: of the data.
        data: the function and the dataset, pickled, or None if this worker may have them.
        task: the function's other arguments, pickled.

    Returns:
        (``NO_DATA``, this worker's address) or (``UNFIT``, a sentence) if the task could not begin.
    """
    kind, reason = check(worker, expected)
    if kind == UNFIT:
        return kind, reason
    if on_gpu and not torch.cuda.is_available():
        return UNFIT, f"the worker {worker.address} offers a GPU, but PyTorch finds none"
    if data is not None and digest not in _datasets:
        _datasets[digest] = pickle.loads(data)
        while len(_datasets) > MAX_DATASETS:
            del _datasets[next(iter(_datasets))]
    if digest not in _datasets:
        return NO_DATA, worker.address
    return DONE, answer(*_datasets[digest], pickle.loads(task))
