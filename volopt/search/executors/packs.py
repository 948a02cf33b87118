"""Training many tasks at once on one device: what waits is grouped by shape, and each group trained as a pack.

One thread trains. It takes the group of the task that has waited longest, brings each member to the epoch it was asked
for, and lets go of those whose future was cancelled; nothing of it stops the others. A member that comes back with the
state it left with is still in its slot. What cannot be packed is trained by itself, and so is a group for which that is
faster. A pack that memory is too small for is made smaller, and what then has no place waits for its turn.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache, partial
from queue import Empty, SimpleQueue
from typing import Any

from volopt.search.executors.serial import train
from volopt.training.device import NoMemoryError, computing, release_memory
from volopt.training.fit import every_split
from volopt.training.member import Member
from volopt.training.pace import Pace
from volopt.training.pack import Pack
from volopt.training.progress import Progress
from volopt.training.shape import Data, Shape, shape_of
from volopt.training.shelf import Shelf
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset

SETTLE_SECONDS = 0.03  # without another task, after which those that came are begun; later ones join between epochs
WINDOWS = 32  # whose samples are kept ready

log = logging.getLogger(__name__)


@dataclass(eq=False)
class _Order:
    """A task that waits or is being trained."""

    task: Task
    state: State | None
    until: int
    future: "Future[Progress]"
    data: Data = field(default_factory=dict)
    shape: Shape | None = None  # of the pack it may be in; None: it trains alone


class PackTrainer:
    """Trains up to ``members`` tasks of a study together.

    Args:
        dataset: the study's data.
        members: how many tasks it takes at the same time.
        pace: decides whether a group is packed.
    """

    def __init__(self, dataset: Dataset, members: int, pace: Pace) -> None:
        self.workers = members
        self._dataset = dataset
        self._incoming: SimpleQueue[_Order | None] = SimpleQueue()  # None: the end
        self._closed = threading.Event()
        # The thread's own:
        self._waiting: list[_Order] = []  # the oldest first
        self._shelf = Shelf(dataset, members, pace)
        self._samples = lru_cache(WINDOWS)(partial(every_split, dataset))
        self._thread = threading.Thread(target=self._work, name="packs", daemon=True)
        self._thread.start()

    def submit(self, *task: Any) -> "Future[Any]":
        """Queue a task, its state or None, and the epoch to stop after."""
        given, state, until = task
        order = _Order(given, state, until, Future())
        self._incoming.put(order)
        return order.future

    def close(self) -> None:
        """Drop what waits, and end after the epoch that is being trained."""
        self._closed.set()
        self._incoming.put(None)
        self._thread.join()

    def _work(self) -> None:
        while True:
            self._receive(settle=True)
            if self._closed.is_set():
                return
            self._waiting = [order for order in self._waiting if not order.future.cancelled()]
            if self._waiting:
                self._train(self._waiting[0].shape)

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

    def _take(self, order: _Order) -> None:
        window = order.task.config.window
        try:
            order.data = self._samples(window, order.task.device)
            order.shape = shape_of(order.task, order.data)
        except Exception as error:  # whatever is wrong with its data is this task's failure
            self._waiting.append(order)
            self._leave(order, error)
        else:
            self._waiting.append(order)

    # What is trained.

    def _train(self, shape: Shape | None) -> None:
        """Train all that wait with this shape."""
        group = [order for order in self._waiting if order.shape == shape]
        task = group[0].task
        try:
            if shape is None or not computing(lambda: self._packed(shape, group), task.device, task.precision, "RNN"):
                self._train_alone(group)
        except NoMemoryError:
            assert shape is not None  # what trains alone answers for itself
            self._shelf.shrink(shape, len(group))
            release_memory(task.device)
        except Exception as error:  # a defect: what it hit has failed, the others go on
            log.info("a pack failed", exc_info=True)
            self._shelf.clear()
            for order in group:
                self._leave(order, error)

    def _packed(self, shape: Shape, group: list[_Order]) -> bool:
        """Train the group as a pack, or as many of it as find room, and return whether that is the way to train it."""
        pack = self._shelf.pack(shape, [(order.task, order.data) for order in group])
        if pack is not None:
            self._train_together(pack, group)
        return pack is not None

    def _train_alone(self, group: list[_Order]) -> None:
        for order in group:
            if self._closed.is_set():
                return
            if order.future.cancelled():
                self._leave(order)
            else:
                self._answer(order, partial(train, self._dataset, order.task, order.state, order.until))

    def _train_together(self, pack: Pack, group: list[_Order]) -> None:
        """Train until every member of the group, and those that joined it on the way, are where they were asked to be.

        When all are, those that come back are waited for: they began together, and are to go on together.
        """
        seats: dict[int, _Order] = {}
        self._seat(pack, group, seats)
        while seats and not self._closed.is_set():
            pack.train_one_epoch()
            for slot, member in pack.active.items():
                if self._is_done_with(pack, slot, member, seats[slot]):
                    del seats[slot]
            self._receive(settle=False)
            if seats and all(
                order.shape == pack.shape for order in self._waiting
            ):  # else it is another shape's turn soon
                seated = set(seats.values())
                self._seat(pack, [order for order in self._waiting if order not in seated], seats)

    def _is_done_with(self, pack: Pack, slot: int, member: Member, order: _Order) -> bool:
        """Answer the order whose member has come far enough or no further, and return whether there was an answer."""
        if order.future.cancelled() or member.error is not None:
            pack.drop(slot)
            self._leave(order, member.error)
        elif member.course.finished or member.course.epoch >= order.until:
            self._answer(order, lambda: pack.progress(slot))
        else:
            return False
        return True

    def _seat(self, pack: Pack, orders: list[_Order], seats: dict[int, _Order]) -> None:
        """Put orders into the slots that nobody trains in; those first whose member rests in one."""
        for order in sorted(orders, key=lambda order: not pack.has(order.state)):
            if order.future.cancelled():
                self._leave(order)
            elif len(seats) < pack.room.slots and pack.room.holds(order.task):
                try:
                    seats[pack.put(order.task, order.data, order.state)] = order
                except (KeyError, ValueError) as error:  # a state that is none
                    self._leave(order, error)

    def _answer(self, order: _Order, work: Callable[[], Progress]) -> None:
        try:
            progress = work()
        except Exception as error:  # whatever a fit died of is its own failure
            self._leave(order, error)
        else:
            self._leave(order)
            if order.future.set_running_or_notify_cancel():  # somebody still wants to know
                order.future.set_result(progress)

    def _leave(self, order: _Order, error: Exception | None = None) -> None:
        """Have an order wait no longer, and say so if it failed."""
        if order in self._waiting:
            self._waiting.remove(order)
            if error is not None and order.future.set_running_or_notify_cancel():
                order.future.set_exception(error)
