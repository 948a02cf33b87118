"""What a worker of a cluster does: it looks whether it is fit for the run, and answers a task as a local worker does.

Here runs what ``cluster`` sends. All that passes between the two is of Python's own types, numbers and bytes, so that a
worker of other versions can still be told that it is one. The data come once and stay, for this study and the next.
"""

import pickle
import platform
from collections.abc import Callable, Mapping
from importlib import metadata
from typing import Any

from distributed import Worker, get_worker

import volopt
from volopt.executors.worker import answer

DONE, NO_DATA, UNFIT = "done", "no data", "unfit"
KEPT = 2  # datasets in memory
PACKAGES = ("torch", "numpy")  # which decide a fit's numbers

_datasets: dict[str, tuple[Callable[..., Any], Any]] = {}  # what is done, and on what, by digest; the oldest first


def versions() -> dict[str, str]:
    """Return what must be the same everywhere for equal results, and for tasks to travel."""
    python = ".".join(platform.python_version_tuple()[:2])
    packages = {name: metadata.version(name).partition("+")[0] for name in PACKAGES}  # without the build, as "+cpu"
    return {"volopt": volopt.__version__, "Python": python} | packages


def unfit(expected: Mapping[str, str], worker: Worker) -> str:
    """Return why a worker cannot take part in a run of these versions, in a sentence; nothing where it can."""
    others = {name: found for name, found in versions().items() if found != expected.get(name)}
    if others:
        here, there = (", ".join(f"{name} {said.get(name)}" for name in others) for said in (others, expected))
        return f"the worker {worker.address} has {here}, and this run {there}: results would differ"
    if worker.state.nthreads > 1:
        return (
            f"the worker {worker.address} has {worker.state.nthreads} threads: fits that are trained in one process "
            "would take each other's random numbers"
        )
    return ""


def work(expected: Mapping[str, str], on_gpu: bool, digest: str, data: bytes | None, task: bytes) -> tuple[str, Any]:
    """Return (``DONE``, the answer as ``worker.answer`` has it), or what is missing for it.

    Args:
        expected: the run's ``versions``.
        on_gpu: whether the task is for a CUDA device.
        digest: of the data.
        data: what is done and the dataset, pickled, or None where this worker may have them.
        task: the arguments of what is done, pickled.

    Returns:
        (``NO_DATA``, this worker's address) or (``UNFIT``, a sentence) where the task could not be begun.
    """
    worker = get_worker()
    wrong = unfit(expected, worker) or (_without_cuda(worker) if on_gpu else "")
    if wrong:
        return UNFIT, wrong
    if data is not None and digest not in _datasets:
        _keep(digest, pickle.loads(data))
    if digest not in _datasets:
        return NO_DATA, worker.address
    return DONE, answer(*_datasets[digest], pickle.loads(task))


def _keep(digest: str, found: tuple[Callable[..., Any], Any]) -> None:
    _datasets[digest] = found
    while len(_datasets) > KEPT:
        del _datasets[next(iter(_datasets))]


def _without_cuda(worker: Worker) -> str:
    import torch

    if torch.cuda.is_available():
        return ""
    return f"the worker {worker.address} offers a GPU, and PyTorch sees none there"
