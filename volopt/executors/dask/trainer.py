"""Training on a Dask cluster: workers need volopt and nothing else, no database and no shared disk.

The scheduler gives tasks to workers, never more of them than there are, since Dask may leave a second task with a busy
worker while another idles. The data are sent once, and a worker that has none of them yet takes them from the others.
A task whose worker dies is done by another one, and is given back as broken when that happens again and again.

A connection that is lost, and a cluster without workers, are waited for; after that, and when a worker is not fit,
``workers`` and ``submit`` raise what is wrong, which ends the run; what was submitted may stay undone then. The
scheduler and its workers stay for others.
"""

import asyncio
import hashlib
import logging
import pickle
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from distributed import Client, KilledWorker
from distributed import Future as Remote
from distributed.client import FutureCancelledError

from volopt.errors import ClusterError
from volopt.executors.dask import connection
from volopt.executors.dask.connection import GPU, SchedulerConnection
from volopt.executors.dask.worker import DONE, NO_DATA, UNFIT, versions
from volopt.executors.serial import train
from volopt.executors.trainer import WorkerDiedError

WATCH = 1.0  # seconds between two looks at who is there
CONNECTION_LOST = "scheduler-connection-lost"  # Dask's reason, where it then connected again by itself
END = 3.0  # seconds in which the connection is ended, within those of an interrupt

log = logging.getLogger(__name__)


class ClusterTrainer:
    """Trains on the workers of a scheduler, as many tasks at a time as there are workers, which come and go.

    Args:
        dataset: or whatever else every task is done on.
        address: of the scheduler.
        device: of the tasks; those for ``cuda`` go to workers with the resource GPU, one at a time.
        work: a module's function of the dataset and what is submitted.

    Raises:
        ClusterError: the scheduler cannot be reached.
    """

    def __init__(self, dataset: Any, address: str, device: str = "cpu", work: Callable[..., Any] = train) -> None:
        self._data = pickle.dumps((work, dataset), pickle.HIGHEST_PROTOCOL)
        self._digest = hashlib.sha256(self._data).hexdigest()
        self._on_gpu = device.startswith("cuda")
        self._versions = versions()
        self._error: ClusterError | None = None
        self._sent: tuple[Client, Remote[bytes]] | None = None
        self._there: frozenset[str] = frozenset()  # addresses of workers
        self._given = 0  # tasks that the scheduler has
        self._changed = asyncio.Condition()  # one of the two above
        self._doing: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cluster", daemon=True)
        self._thread.start()
        try:
            self._scheduler = self._do(self._begin(address)).result()
        except BaseException:
            self._stop()
            raise
        self._do(self._tracked(self._watch()))

    @property
    def workers(self) -> int:
        """Return how many workers there are now; 1 where the first is still waited for.

        Raises:
            ClusterError: the cluster cannot be used any more.
        """
        if self._error is not None:
            raise self._error
        return max(1, len(self._there))

    def submit(self, *task: Any) -> Future[Any]:
        """Give the task to the scheduler.

        Raises:
            ClusterError: the cluster cannot be used any more.
        """
        if self._error is not None:
            raise self._error
        return self._do(self._tracked(self._train(pickle.dumps(task, pickle.HIGHEST_PROTOCOL))))

    def close(self) -> None:
        """Drop what is submitted and leave. What a worker has begun it does to its end, for nobody."""
        if self._loop.is_running():
            with suppress(TimeoutError):
                self._do(self._end()).result(END)
            self._stop()

    def _do(self, what: Coroutine[Any, Any, Any]) -> Future[Any]:
        return asyncio.run_coroutine_threadsafe(what, self._loop)

    async def _tracked(self, what: Coroutine[Any, Any, Any]) -> Any:
        """Do what the end of this trainer ends."""
        task = asyncio.ensure_future(what)
        self._doing.add(task)
        task.add_done_callback(self._doing.discard)
        return await task

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(END)
        if not self._loop.is_running():
            self._loop.close()

    async def _begin(self, address: str) -> SchedulerConnection:
        found = SchedulerConnection(address)
        await self._see(await found.client())
        return found

    async def _end(self) -> None:
        for task in self._doing:
            task.cancel()
        await asyncio.gather(*self._doing, return_exceptions=True)
        self._sent = None
        await self._scheduler.close()

    async def _train(self, task: bytes) -> Any:
        """Return what the work does, or raise what it raises."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._given < max(1, len(self._there)))
            self._given += 1
        try:
            went_well, found = pickle.loads(await self._answer(task))
        finally:
            async with self._changed:
                self._given -= 1
                self._changed.notify_all()
        if not went_well:
            raise found
        return found

    async def _answer(self, task: bytes) -> bytes:
        """Return ``worker.answer``, of whichever worker."""
        holder: str | None = None  # a worker that asked for the data
        while True:
            client = await self._client()
            future: Remote[Any] | None = None
            try:
                future = self._give(client, task, holder)
                kind, found = await future
            except FutureCancelledError as error:  # by the scheduler, not by us
                if client.status == "running" and error.reason != CONNECTION_LOST:
                    raise WorkerDiedError("the scheduler dropped it") from error
                continue  # with a new connection
            except KilledWorker as error:
                deaths = error.allowed_failures + 1
                last = error.last_worker.address
                raise WorkerDiedError(f"its worker died, the last one {last}", deaths) from error
            except Exception as error:  # errors of the work come as an answer: this is Dask's, or of what travels
                if client.status != "running":
                    continue
                raise self._lost(connection.misfit(f"a worker cannot take a task ({error})")) from error
            finally:
                if future is not None:
                    future.release()  # cancels what is not done
            if kind == DONE:
                return bytes(found)
            if kind == UNFIT:
                raise self._lost(connection.misfit(found))
            assert kind == NO_DATA
            holder = found

    def _give(self, client: Client, task: bytes, holder: str | None) -> Remote[Any]:
        where = {"workers": [holder], "allow_other_workers": True} if holder else {}
        return client.submit(
            _travelling(),
            self._versions,
            self._on_gpu,
            self._digest,
            self._data_on(client) if holder else None,
            task,
            pure=False,
            resources={GPU: 1} if self._on_gpu else None,
            **where,
        )

    def _data_on(self, client: Client) -> Remote[Any]:
        """Return the data on the cluster: the scheduler has them made again when every worker that had them is gone."""
        if self._sent is None or self._sent[0] is not client or self._sent[1].status not in ("pending", "finished"):
            self._sent = client, client.submit(bytes, self._data, pure=False)
            log.info("%.1f MB of data are sent to the cluster", len(self._data) / 1e6)
        return self._sent[1]

    async def _client(self) -> Client:
        try:
            found: Client = await self._scheduler.client()
        except ClusterError as error:
            raise self._lost(error) from error
        return found

    def _lost(self, error: ClusterError) -> WorkerDiedError:
        """Note that the cluster cannot be used any more, and return what a task is told."""
        self._error = self._error or error
        return WorkerDiedError(error.message)

    async def _watch(self) -> None:
        """Follow who is there, for ever."""
        deserted: float | None = None  # since when nobody is there
        while True:
            await asyncio.sleep(WATCH)
            client = await self._client()
            with suppress(ClusterError):  # the connection was lost just now
                await self._see(client)
            if self._there:
                deserted = None
            elif deserted is None:
                deserted = time.monotonic()
                log.warning("no worker is left at %s; waiting for one", self._scheduler.address)
            elif time.monotonic() - deserted > connection.PATIENCE:
                self._lost(connection.no_worker(self._scheduler.address))
                return

    async def _see(self, client: Client) -> None:
        found = await connection.workers(client)
        there = frozenset(a for a, worker in found.items() if not self._on_gpu or connection.offered({a: worker}).gpus)
        for address in sorted(there - self._there):
            log.info("worker %s is there", address)
        for address in sorted(self._there - there):
            log.info("worker %s is gone", address)
        async with self._changed:
            self._there = there
            self._changed.notify_all()


def _travelling() -> Callable[..., tuple[str, Any]]:
    """Return a function within a function: one that travels whole, also over a scheduler without volopt."""

    def volopt(*said: Any) -> tuple[str, Any]:
        try:
            from volopt.executors.dask.worker import work
        except ImportError as error:
            from distributed import get_worker

            return UNFIT, f"the worker {get_worker().address} cannot import volopt ({error})"
        return work(*said)

    return volopt
