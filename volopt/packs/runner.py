"""Training rounds: requests are grouped by shape, and each group is trained as a pack.

A round trains all packs for one epoch, side by side so that together they fill the device, and one task that is trained
alone. A member leaves its pack at the requested epoch, when it fails, or when its future is cancelled; the others go
on. A request with the state of a paused member continues in that member's slot. Fits that cannot be packed are trained
alone, and so are groups for which that is faster. When memory runs out, the pack becomes smaller, and the other
requests wait.
"""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partial

import torch

from volopt.packs.pack import Pack
from volopt.packs.pool import MAX_SLOTS_PER_FIT, PackPool
from volopt.packs.shape import Data, PackShape, shape_of
from volopt.packs.timing import PackTiming
from volopt.training.device import NoMemoryError, computing, precise, ran_out_of_memory, release_memory
from volopt.training.fit import advance, every_split
from volopt.training.task import Fit, State, Task
from volopt.windows.dataset import Dataset

MAX_WINDOWS = 32  # window lengths whose samples are kept, of each period by themselves

log = logging.getLogger(__name__)


@dataclass(eq=False)
class PackRequest:
    """Hold a task that waits or is being trained, and the future of its progress."""

    task: Task
    state: State | None
    until: int  # the epoch to stop after
    future: "Future[State | Fit]" = field(default_factory=Future)
    data: Data = field(default_factory=dict)

    def answer(self, function: Callable[[], State | Fit]) -> None:
        """Set the progress that a function returns, or its error."""
        try:
            progress = function()
        except Exception as error:
            if ran_out_of_memory(error):  # in a pack: the runner recovers. A task alone fails with NoMemoryError.
                raise
            self.fail(error)
        else:
            if self.future.set_running_or_notify_cancel():
                self.future.set_result(progress)

    def fail(self, error: Exception) -> None:
        """Set the error."""
        if self.future.set_running_or_notify_cancel():
            self.future.set_exception(error)


@dataclass(eq=False)
class PackGroup:
    """Hold the requests of one shape: those that wait, and those in the slots of the running pack."""

    waiting: list[PackRequest] = field(default_factory=list)  # the oldest first
    waited: int = 0  # number of requests that waited for a pack in the last round
    running: Pack | None = None
    slots: dict[int, PackRequest] = field(default_factory=dict)

    def fill(self, pack: Pack) -> None:
        """Run a pack, and put requests into its free slots, first those whose member is paused in a slot."""
        self.running, self.waited = pack, 0
        for request in sorted(self.waiting, key=lambda request: pack.paused_slot(request.state) is None):
            if len(self.slots) < pack.capacity.slots and pack.capacity.fits(request.task):
                try:
                    self.slots[pack.put(request.task, request.data, request.state)] = request
                except (KeyError, ValueError) as error:
                    request.fail(error)
                self.waiting.remove(request)

    def collect(self, pack: Pack) -> None:
        """Collect the pack's epoch, and answer the requests of members that reached their epoch or ended."""
        pack.collect()
        for slot, member in pack.active.items():
            request = self.slots[slot]
            if member.error is not None or request.future.cancelled():
                pack.drop(slot)
                if member.error is not None:
                    request.fail(member.error)
            elif member.history.finished or member.history.epoch >= request.until:
                request.answer(partial(pack.progress, slot))
            else:
                continue
            del self.slots[slot]
        self.running = pack if self.slots else None


class PackRunner:
    """Train requests in rounds; ``members`` is the largest number of requests to expect at the same time."""

    def __init__(self, dataset: Dataset, members: int, timing: PackTiming) -> None:
        self._dataset, self._device = dataset, "cpu"
        self._groups: dict[PackShape, PackGroup] = {}
        self._alone: list[PackRequest] = []  # not packed
        self._current: PackShape | None = None  # the shape in work, to blame for an error
        self._pool = PackPool(dataset, MAX_SLOTS_PER_FIT * members, timing)
        periods = dataset.periods
        self._samples = lru_cache(MAX_WINDOWS)(lambda period, *args: every_split(periods[period], *args))

    @property
    def waiting(self) -> int:
        """Return how many requests wait: for a slot, or to be trained alone."""
        return len(self._alone) + sum(len(group.waiting) for group in self._groups.values())

    @property
    def is_training(self) -> bool:
        """Return whether some requests are in training."""
        return bool(self._alone) or any(group.running for group in self._groups.values())

    def add(self, request: PackRequest) -> None:
        """Add a request to the next rounds; it fails if its samples cannot be made."""
        self._device = request.task.device
        try:
            request.data = self._samples(request.task.period, request.task.config.window, request.task.device)
            shape = shape_of(request.task, request.data)
        except Exception as error:
            request.fail(error)
        else:
            waiting = self._alone if shape is None else self._groups.setdefault(shape, PackGroup()).waiting
            waiting.append(request)

    def train_round(self) -> None:
        """Train a round, and answer the requests that are done.

        After an error all packs begin again, from the states of their requests.
        """
        try:
            computing(self._train_round, self._device)  # each pack and each single task sets its own precision
        except Exception as error:
            self._recover(error)

    def _train_round(self) -> None:
        other_packs_run = any(group.running for group in self._groups.values())
        for shape, group in self._groups.items():
            with self._working_on(shape):
                self._place_waiting(shape, group, other_packs_run)
        running = [(shape, group, group.running) for shape, group in self._groups.items() if group.running]
        for shape, _, pack in running:
            with self._working_on(shape):
                pack.launch()
        if self._alone:
            request = self._alone.pop(0)
            if not request.future.cancelled():
                request.answer(partial(advance, self._dataset, request.task, request.state, request.until))
        for shape, group, pack in running:
            with self._working_on(shape):
                group.collect(pack)

    def _place_waiting(self, shape: PackShape, group: PackGroup, other_packs_run: bool) -> None:
        """Give a group's waiting requests slots, in the running pack or in another one.

        While other packs run, a new pack waits for a round in which no more requests arrive: fits that began together
        stay together.
        """
        group.waiting = [request for request in group.waiting if not request.future.cancelled()]
        pack, more_arrived = group.running, len(group.waiting) > group.waited
        if pack is None:
            group.waited = len(group.waiting)
            if not group.waiting or (other_packs_run and more_arrived):
                return
            pack = self._pool.pack(shape, [(request.task, request.data) for request in group.waiting])
        if pack is None:
            self._alone += group.waiting
            group.waiting = []
        else:
            group.fill(pack)

    @contextmanager
    def _working_on(self, shape: PackShape) -> Iterator[None]:
        """Compute at the precision of a shape, without autocast, and blame errors on the shape."""
        self._current = shape
        with precise(shape.device, shape.precision):
            yield

    def _recover(self, error: Exception) -> None:
        """Drop all packs. The requests of the current shape fail, or get a smaller pack if memory ran out."""
        if torch.device(self._device).type == "cuda":
            torch.cuda.synchronize(self._device)  # before launched work loses its memory
        for group in self._groups.values():
            group.waiting = [*group.slots.values(), *group.waiting]
            group.slots, group.running = {}, None
        requests = self._groups[self._current].waiting if self._current else []
        if isinstance(error, NoMemoryError) and self._current:
            self._pool.shrink(self._current, len(requests))
        else:
            log.info("a pack failed", exc_info=error)
            for request in requests:
                request.fail(error)
            requests.clear()
            self._pool.clear()
        release_memory(self._device)
