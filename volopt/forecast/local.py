"""Refit on this machine: the workers that a backtest and a refit start, and where their fits are stored."""

from collections.abc import Callable, Sequence
from pathlib import Path

from volopt.executors.machine import cores, resolve
from volopt.executors.processes import local_trainer
from volopt.executors.trainer import Trainer
from volopt.forecast.walk_forward.run import RefitContext, RefitStep
from volopt.forecast.walk_forward.step import MarketData, fit_period
from volopt.storage.array_store import walk_forward_fits

Watch = Callable[[Sequence[RefitStep]], Callable[[RefitStep], None]]  # see ``RefitContext``


def local_context(artifacts: Path, workers: int | None, device: str, precision: str, watch: Watch) -> RefitContext:
    """Return what runs and stores fits.

    Args:
        artifacts: the directory that stores them.
        workers: processes that train; None for one a core, or one on a GPU.
        device: auto, cpu, cuda or cuda:N.
        precision: ``highest`` or ``medium``.
        watch: as in ``RefitContext``.

    Raises:
        UsageError: the device cannot be used.
    """
    resolved = resolve(device)
    count = workers or (cores() if resolved == "cpu" else 1)

    def start_trainer(data: MarketData) -> Trainer:
        return local_trainer(data, count, fit_period)

    return RefitContext(resolved, precision, walk_forward_fits(artifacts), start_trainer, watch)
