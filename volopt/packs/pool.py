"""The packs that are kept ready on a device, one of each shape, and whether a group of tasks is trained in one."""

import logging
from collections.abc import Sequence

from volopt.packs.memory import most_members
from volopt.packs.pack import Pack
from volopt.packs.shape import Data, PackCapacity, PackShape
from volopt.packs.timing import PackTiming
from volopt.training.task import Task
from volopt.windows.dataset import Dataset

ROOMY = 2  # a pack with more than this many times the slots that are needed is made anew

log = logging.getLogger(__name__)


class PackPool:
    """Makes packs, and lets go of those that memory is needed for.

    Args:
        dataset: the study's data.
        slots: of all packs together, at most; one that is larger stands by itself.
        pace: decides whether a group is packed.
    """

    def __init__(self, dataset: Dataset, slots: int, pace: PackTiming) -> None:
        self._dataset, self._slots, self._pace = dataset, slots, pace
        self._packs: dict[PackShape, Pack] = {}  # the one used last at the end
        self._most: dict[PackShape, int] = {}  # members that memory is enough for, where it is not for all that came

    def pack(self, shape: PackShape, group: Sequence[tuple[Task, Data]]) -> Pack | None:
        """Return the pack that is to train a group, or as many of it as memory is enough for.

        None: they are trained one by one, as there is but one of them, or memory for one, or this is faster.

        Raises:
            NoMemoryError: under ``computing``, where there was less memory than estimated.
        """
        group = group[: self._most.get(shape, len(group))]
        live = self._packs.pop(shape, None)
        if live is not None and _suits(live.room, group) and self._pace.wins(shape, len(group)):
            self._packs[shape] = live  # as the one used last
            return live
        del live  # before memory is counted
        if len(group) > 1 and self._pace.may_win(shape, len(group)):
            return self._made(shape, group)
        return None

    def shrink(self, shape: PackShape, members: int) -> None:
        """After memory ran out: let go of the other packs, or of half of the members of this shape's next one."""
        others = len(self._packs) > (shape in self._packs)
        self.clear()
        if not others:
            self._most[shape] = min(members, self._most.get(shape, members)) // 2
            log.info("memory ran out for %d fits together; from now on there are %d", members, self._most[shape])

    def clear(self) -> None:
        """Let go of all packs."""
        self._packs.clear()

    def _made(self, shape: PackShape, group: Sequence[tuple[Task, Data]]) -> Pack | None:
        tasks = [task for task, _ in group]
        self._make_room(len(group))
        members = min(len(group), most_members(shape, PackCapacity.of(tasks)))
        if members < len(group):
            self._most[shape] = members
        if members < 2:
            return None
        task, data = sorted(group, key=lambda each: each[0].config.window)[len(group) // 2]
        pack = Pack(shape, PackCapacity.of(tasks[:members]), self._dataset, data)
        self._pace.measure(pack, task, data, members)
        if not self._pace.wins(shape, members):
            return None
        self._packs[shape] = pack
        return pack

    def _make_room(self, slots: int) -> None:
        while self._packs and sum(pack.room.slots for pack in self._packs.values()) + slots > self._slots:
            del self._packs[next(iter(self._packs))]  # the one used longest ago


def _suits(room: PackCapacity, group: Sequence[tuple[Task, Data]]) -> bool:
    return len(group) <= room.slots <= ROOMY * len(group) and all(room.holds(task) for task, _ in group)
