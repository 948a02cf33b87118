"""Measured times: whether a pack, or its members one after another, train faster on this device."""

import logging
import time
from collections.abc import Callable

from volopt.packs.pack import Pack
from volopt.packs.shape import Data, PackShape
from volopt.training.device import precise
from volopt.training.network import Network, predict
from volopt.training.task import Task

log = logging.getLogger(__name__)


class PackTiming:
    """Hold the measured times of packs and of single fits.

    Args:
        measures: whether to measure; else every pack of two or more counts as faster.
    """

    def __init__(self, *, measures: bool) -> None:
        self._measures = measures
        self._fit_seconds: dict[PackShape, float] = {}  # of an epoch of one fit
        self._pack_seconds: dict[PackShape, float] = {}  # of an epoch of the latest pack
        self._max_slower: dict[PackShape, int] = {}  # members of the largest pack that was slower

    def may_be_faster(self, shape: PackShape, members: int) -> bool:
        """Return whether a new pack is worth measuring: it has at least two members, and more than a slower pack."""
        return members > self._max_slower.get(shape, 1)

    def is_faster(self, shape: PackShape, members: int) -> bool:
        """Return whether the latest pack of a shape is faster than so many members one by one."""
        return not self._measures or self._pack_seconds[shape] <= self._fit_seconds[shape] * members

    def measure(self, pack: Pack, task: Task, data: Data, members: int) -> None:
        """Measure an empty pack that was made for so many members, and one of them, with a typical window, alone."""
        if not self._measures:
            return
        shape = pack.shape
        if shape not in self._fit_seconds:
            self._fit_seconds[shape] = _seconds_of_fit(task, data)
        self._pack_seconds[shape] = _seconds(pack.train_one_epoch)
        is_faster = self.is_faster(shape, members)
        if not is_faster:
            self._max_slower[shape] = members
        log.info(
            "%s, %d layers of up to %d units: an epoch of %d fits takes %.4f s together and %.4f s each one by one; "
            "they are %s",
            shape.cell, shape.num_layers, shape.hidden_size, members, self._pack_seconds[shape],
            self._fit_seconds[shape], "packed" if is_faster else "trained one by one",
        )  # fmt: skip


def _seconds_of_fit(task: Task, data: Data) -> float:
    network = Network(task, data["train"])
    with precise(task.device, task.precision, task.config.cell):
        return _seconds(lambda: (network.train_one_epoch(), predict(network.model, data["valid"]).cpu()))


def _seconds(train_one_epoch: Callable[[], object]) -> float:
    """Return the seconds of the second of two epochs; the first one includes the start of libraries."""
    train_one_epoch()
    begin = time.perf_counter()
    train_one_epoch()
    return time.perf_counter() - begin
