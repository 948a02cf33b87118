"""Which is faster on this device: a pack, or its members one after another. Measured, once for each shape and size."""

import logging
import time
from collections.abc import Callable

from volopt.packs.pack import Pack
from volopt.packs.shape import Data, PackShape
from volopt.training.device import precise
from volopt.training.network import Network
from volopt.training.task import Task

log = logging.getLogger(__name__)


class PackTiming:
    """Remembers what was measured.

    Args:
        measures: whether it does; else every pack of two or more is worth it.
    """

    def __init__(self, *, measures: bool) -> None:
        self._measures = measures
        self._alone: dict[PackShape, float] = {}  # seconds an epoch
        self._together: dict[PackShape, float] = {}  # seconds an epoch, of the latest pack
        self._lost: dict[PackShape, int] = {}  # the most members that were faster one by one

    def may_win(self, shape: PackShape, members: int) -> bool:
        """Return whether a pack of so many is worth trying: a smaller one than one that lost would lose too."""
        return members > self._lost.get(shape, 1)

    def wins(self, shape: PackShape, members: int) -> bool:
        """Return whether the latest pack of a shape is faster than so many members one by one."""
        if not self._measures:
            return True
        return self._together[shape] <= self._alone[shape] * members

    def measure(self, pack: Pack, task: Task, data: Data, members: int) -> None:
        """Measure a pack that nobody is in yet, and one of the members that shall be.

        Args:
            pack: made for them.
            task: one of them, of a usual window.
            data: its samples.
            members: how many there are.
        """
        if not self._measures:
            return
        shape = pack.shape
        if shape not in self._alone:
            self._alone[shape] = _seconds_alone(task, data)
        self._together[shape] = _seconds(pack.train_one_epoch)
        won = self.wins(shape, members)
        if not won:
            self._lost[shape] = members
        log.info(
            "%s, %d layers of up to %d units: an epoch of %d fits takes %.4f s together and %.4f s each one by one; %s",
            shape.cell, shape.num_layers, shape.hidden_size, members, self._together[shape], self._alone[shape],
            "they are packed" if won else "one by one it is",
        )  # fmt: skip


def _seconds_alone(task: Task, data: Data) -> float:
    network = Network(task, data["train"])

    def epoch() -> None:
        network.train_one_epoch()
        network.predict(data["valid"]).cpu()

    with precise(task.device, task.precision, task.config.cell):
        return _seconds(epoch)


def _seconds(epoch: Callable[[], None]) -> float:
    """Return the seconds of the second of two epochs: in the first one libraries wake up."""
    epoch()
    began = time.perf_counter()
    epoch()
    return time.perf_counter() - began
