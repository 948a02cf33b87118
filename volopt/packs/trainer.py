"""A trainer that trains many tasks at once on one device, in packs; its only thread runs ``PackRunner``."""

import threading
from concurrent.futures import Future
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any

from volopt.packs.runner import PackRequest, PackRunner
from volopt.packs.timing import PackTiming
from volopt.windows.dataset import Dataset

SETTLE_SECONDS = 0.03  # without another task, after which training begins; later tasks join between epochs


class PackTrainer:
    """Train up to ``members`` tasks of a study together; the arguments are those of ``PackRunner``."""

    def __init__(self, dataset: Dataset, members: int, timing: PackTiming) -> None:
        self.workers = members
        self._incoming: SimpleQueue[PackRequest | None] = SimpleQueue()  # None: the end
        self._closed = threading.Event()
        self._runner = PackRunner(dataset, members, timing)  # used only by the thread
        self._thread = threading.Thread(target=self._work, name="packs", daemon=True)
        self._thread.start()

    def submit(self, *task: Any) -> "Future[Any]":
        """Queue a task, its state or None, and the epoch to stop after."""
        request = PackRequest(*task)
        self._incoming.put(request)
        return request.future

    def close(self) -> None:
        """Drop what waits, and end after the current round: one epoch of packs, and one rung of a task alone."""
        self._closed.set()
        self._incoming.put(None)
        self._thread.join()

    def _work(self) -> None:
        while not self._closed.is_set():
            self._receive()
            if not self._closed.is_set():
                self._runner.train_round()

    def _receive(self) -> None:
        """Take what was submitted. Without training, wait for a first task, and until no more tasks follow."""
        may_wait = not self._runner.is_training
        with suppress(Empty):
            while not self._closed.is_set():
                waiting = self._runner.waiting
                timeout = SETTLE_SECONDS if waiting else None
                request = self._incoming.get(may_wait and waiting < self.workers, timeout)
                if request is not None:
                    self._runner.add(request)
