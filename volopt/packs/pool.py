"""The packs that are ready on a device, at most one of each shape."""

import logging
from collections.abc import Sequence

from volopt.packs.memory import max_members
from volopt.packs.pack import Pack
from volopt.packs.shape import Data, PackCapacity, PackShape
from volopt.packs.timing import PackTiming
from volopt.training.task import Task
from volopt.windows.dataset import Dataset

MAX_SLOTS_PER_FIT = 2  # a pack with more is replaced by a smaller one

log = logging.getLogger(__name__)


class PackPool:
    """Make packs, keep them for later groups, and drop those whose memory is needed.

    All packs together have up to ``max_slots`` slots; a pack with more slots is the only one.
    """

    def __init__(self, dataset: Dataset, max_slots: int, timing: PackTiming) -> None:
        self._dataset, self._max_slots, self._timing = dataset, max_slots, timing
        self._packs: dict[PackShape, Pack] = {}  # the last one was used last
        self._max_members: dict[PackShape, int] = {}  # that fit into memory, where not all of a group did

    def pack(self, shape: PackShape, group: Sequence[tuple[Task, Data]]) -> Pack | None:
        """Return the pack for a group of fits, or for the part of it that fits into memory.

        Return None if there is only one fit, or memory for only one, or if they are faster one by one.

        Raises:
            NoMemoryError: under ``computing``, if a pack needed more memory than estimated.
        """
        group = group[: self._max_members.get(shape, len(group))]
        pack = self._packs.pop(shape, None)
        if pack is None or not (_suits(pack.capacity, group) and self._timing.is_faster(shape, len(group))):
            pack = None  # before memory is counted
            pack = self._new_pack(shape, group)
        if pack is not None:
            self._packs[shape] = pack
        return pack

    def shrink(self, shape: PackShape, members: int) -> None:
        """Drop the other packs after memory ran out; if there are none, halve the members of the shape's next pack."""
        has_others = len(self._packs) > (shape in self._packs)
        self.clear()
        if not has_others:
            self._max_members[shape] = min(members, self._max_members.get(shape, members)) // 2
            log.info("memory ran out for %d fits together; the limit is now %d", members, self._max_members[shape])

    def clear(self) -> None:
        """Drop all packs."""
        self._packs.clear()

    def _new_pack(self, shape: PackShape, group: Sequence[tuple[Task, Data]]) -> Pack | None:
        if len(group) < 2 or not self._timing.may_be_faster(shape, len(group)):
            return None
        while self._packs and sum(pack.capacity.slots for pack in self._packs.values()) + len(group) > self._max_slots:
            del self._packs[next(iter(self._packs))]  # the one that was used longest ago
        tasks = [task for task, _ in group]
        members = max_members(shape, PackCapacity.of(tasks))
        if members < len(group):
            self._max_members[shape] = members
            tasks = tasks[:members]
        if len(tasks) < 2:
            return None
        task, data = sorted(group, key=lambda fit: fit[0].config.window)[len(group) // 2]
        pack = Pack(shape, PackCapacity.of(tasks), self._dataset, data)
        self._timing.measure(pack, task, data, len(tasks))
        return pack if self._timing.is_faster(shape, len(tasks)) else None


def _suits(capacity: PackCapacity, group: Sequence[tuple[Task, Data]]) -> bool:
    has_slots = len(group) <= capacity.slots <= MAX_SLOTS_PER_FIT * len(group)
    return has_slots and all(capacity.fits(task) for task, _ in group)
