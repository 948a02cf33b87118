"""Training many tasks at once on one device: what waits is grouped by shape, and each group trained as a pack.

One thread trains, in rounds of an epoch: all packs side by side, so that together they fill the device, and one of the
tasks that are trained by themselves. A member leaves its pack at the epoch it was asked for, when it fails, or when its
future is cancelled; nothing of it stops the others. One that comes back with the state it left with is still in its
slot. What cannot be packed is trained by itself, and so is a group for which that is faster. A pack that memory is too
small for is made smaller, and what then has no place waits for its turn.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from queue import Empty, SimpleQueue
from typing import Any

import torch

from volopt.executors.serial import train
from volopt.packs.member import PackMember
from volopt.packs.pack import Pack
from volopt.packs.pool import ROOMY, PackPool
from volopt.packs.shape import Data, PackShape, shape_of
from volopt.packs.timing import PackTiming
from volopt.training.device import NoMemoryError, computing, precise, ran_out_of_memory, release_memory
from volopt.training.fit import every_split
from volopt.training.progress import Progress
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset

SETTLE_SECONDS = 0.03  # without another task, after which those that came are begun; later ones join between epochs
WINDOWS = 32  # whose samples are kept ready

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _PackRequest:
    """A task that waits or is being trained."""

    task: Task
    state: State | None
    until: int
    future: "Future[Progress]"
    data: Data = field(default_factory=dict)
    shape: PackShape | None = None  # of the pack it may be in; None: it trains alone


@dataclass(eq=False)
class _RunningPack:
    """A pack that is being trained, and whose task is in which slot."""

    pack: Pack
    seats: dict[int, _PackRequest]


class PackTrainer:
    """Trains up to ``members`` tasks of a study together.

    Args:
        dataset: the study's data.
        members: how many tasks it takes at the same time.
        pace: decides whether a group is packed.
    """

    def __init__(self, dataset: Dataset, members: int, pace: PackTiming) -> None:
        self.workers = members
        self._dataset = dataset
        self._incoming: SimpleQueue[_PackRequest | None] = SimpleQueue()  # None: the end
        self._closed = threading.Event()
        # The thread's own:
        self._waiting: list[_PackRequest] = []  # the oldest first
        self._alone: list[_PackRequest] = []  # that are trained by themselves
        self._tables: dict[PackShape, _RunningPack] = {}
        self._seen: dict[PackShape, int] = {}  # how many waited at the last look
        self._at_hand: PackShape | None = None  # what an error is about
        self._shelf = PackPool(dataset, ROOMY * members, pace)
        self._samples = lru_cache(WINDOWS)(partial(every_split, dataset))
        self._thread = threading.Thread(target=self._work, name="packs", daemon=True)
        self._thread.start()

    def submit(self, *task: Any) -> "Future[Any]":
        """Queue a task, its state or None, and the epoch to stop after."""
        given, state, until = task
        order = _PackRequest(given, state, until, Future())
        self._incoming.put(order)
        return order.future

    def close(self) -> None:
        """Drop what waits, and end after the round that is being trained: an epoch, and a rung of a task alone."""
        self._closed.set()
        self._incoming.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            self._receive(settle=not self._tables and not self._alone)
            if self._closed.is_set():
                return
            seated = (each for table in self._tables.values() for each in table.seats.values())
            if known := [*self._waiting, *self._alone, *seated]:
                self._attempt(known[0].task.device)

    def _attempt(self, device: str) -> None:
        """Train a round; after an error all packs begin anew, from the states that their members came with."""
        try:
            computing(self._round, device)  # each pack and each single task sets its own precision
        except Exception as error:
            lost = isinstance(error, NoMemoryError)
            if not lost:
                log.info("a pack failed", exc_info=True)
            self._reset(device, None if lost else error)

    # What comes in.

    def _receive(self, *, settle: bool) -> None:
        """Take in what was submitted; to settle is to have at least one task, and to wait for those that follow it."""
        with suppress(Empty):
            while not self._closed.is_set():
                patience = SETTLE_SECONDS if self._waiting else None
                wait = settle and len(self._waiting) < self.workers
                order = self._incoming.get(wait, patience)
                if order is not None:
                    self._take(order)

    def _take(self, order: _PackRequest) -> None:
        try:
            order.data = self._samples(order.task.config.window, order.task.device)
            order.shape = shape_of(order.task, order.data)
        except Exception as error:  # whatever is wrong with its data is this task's failure
            _fail(order, error)
        else:
            (self._alone if order.shape is None else self._waiting).append(order)

    # What is trained.

    def _round(self) -> None:
        """Train every pack for an epoch, side by side, and one task alone; answer those that have come far enough."""
        self._open()
        for shape, table in self._tables.items():
            with self._at(shape):
                table.pack.launch()
        if self._alone:
            order = self._alone.pop(0)
            if not order.future.cancelled():
                _answer(order, partial(train, self._dataset, order.task, order.state, order.until))
        for shape, table in list(self._tables.items()):
            with self._at(shape):
                table.pack.collect()
                for slot, member in table.pack.active.items():
                    if _is_done_with(table.pack, slot, member, table.seats[slot]):
                        del table.seats[slot]
            if not table.seats:
                del self._tables[shape]

    def _open(self) -> None:
        """Give those that wait a seat, in a pack that is being trained or in another one, if no more of them come."""
        self._waiting = [order for order in self._waiting if not order.future.cancelled()]
        running = bool(self._tables)
        for shape in dict.fromkeys(order.shape for order in self._waiting):
            assert shape is not None
            group = [order for order in self._waiting if order.shape == shape]
            if shape not in self._tables:
                before, self._seen[shape] = self._seen.get(shape, 0), len(group)
                if running and len(group) > before:
                    continue  # they began together and are to go on together: the next look is an epoch away
                with self._at(shape):
                    pack = self._shelf.pack(shape, [(order.task, order.data) for order in group])
                if pack is None:
                    self._alone += group
                    self._waiting = [order for order in self._waiting if order.shape != shape]
                    continue
                self._tables[shape] = _RunningPack(pack, {})
            self._seen.pop(shape, None)
            self._seat(self._tables[shape], group)

    @contextmanager
    def _at(self, shape: PackShape) -> Iterator[None]:
        """Work on the pack of a shape, at its precision; an error within is about it."""
        self._at_hand = shape
        with precise(shape.device, shape.precision):  # packs use plain matrix products, without autocast
            yield

    def _seat(self, table: _RunningPack, group: list[_PackRequest]) -> None:
        """Put tasks into the slots that nobody trains in; those first whose member rests in one."""
        pack = table.pack
        for order in sorted(group, key=lambda order: not pack.has(order.state)):
            if len(table.seats) < pack.room.slots and pack.room.holds(order.task):
                try:
                    table.seats[pack.put(order.task, order.data, order.state)] = order
                except (KeyError, ValueError) as error:  # a state that is none
                    _fail(order, error)
                self._waiting.remove(order)

    def _reset(self, device: str, error: Exception | None) -> None:
        """Let go of all packs; the tasks at hand fail with the error, or memory ran out for so many of them."""
        if torch.device(device).type == "cuda":
            torch.cuda.synchronize(device)  # before the memory that was launched on is another's
        waiting = [*(each for table in self._tables.values() for each in table.seats.values()), *self._waiting]
        hit = [order for order in waiting if order.shape == self._at_hand]
        self._tables.clear()
        if error is not None:
            for order in hit:
                _fail(order, error)
            waiting = [order for order in waiting if order not in hit]
            self._shelf.clear()
        elif self._at_hand is not None:
            self._shelf.shrink(self._at_hand, len(hit))
        self._waiting = waiting
        release_memory(device)


def _is_done_with(pack: Pack, slot: int, member: PackMember, order: _PackRequest) -> bool:
    """Answer the order whose member has come far enough or no further, and return whether it is answered."""
    if member.error is not None or order.future.cancelled():
        pack.drop(slot)
        if member.error is not None:
            _fail(order, member.error)
    elif member.course.finished or member.course.epoch >= order.until:
        _answer(order, partial(pack.progress, slot))
    else:
        return False
    return True


def _answer(order: _PackRequest, work: Callable[[], Progress]) -> None:
    try:
        progress = work()
    except Exception as error:  # whatever a fit died of is its own failure
        if ran_out_of_memory(error):  # but for this: alone it has ended as NoMemoryError
            raise
        _fail(order, error)
    else:
        if order.future.set_running_or_notify_cancel():  # somebody still wants to know
            order.future.set_result(progress)


def _fail(order: _PackRequest, error: Exception) -> None:
    if order.future.set_running_or_notify_cancel():
        order.future.set_exception(error)
