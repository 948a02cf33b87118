"""Training on a Dask cluster. The workers need only volopt: no database and no shared disk.

The scheduler gets at most one task per worker at a time, because Dask may queue a second task on a busy worker while
another worker idles. The data are sent once; later workers get them from the others. If a worker dies, another one
trains its task; a task whose workers die again and again fails.

The trainer waits for a lost connection and for a first worker. After that, and if a worker does not fit, ``workers``
and ``submit`` raise the error, which ends the run; submitted tasks may then stay unfinished. The scheduler and its
workers continue for others.
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
from distributed import Future as DaskFuture
from distributed.client import FutureCancelledError

from volopt.errors import ClusterError
from volopt.executors.dask import connection
from volopt.executors.dask.connection import DONE, GPU, NO_DATA, UNFIT, SchedulerConnection
from volopt.executors.dask.worker import versions
from volopt.executors.trainer import WorkerDiedError
from volopt.training.fit import advance

WATCH_SECONDS = 1.0  # between two looks at the workers
CONNECTION_LOST = "scheduler-connection-lost"  # Dask's reason, also if it reconnected by itself
CLOSE_SECONDS = 3.0  # to disconnect, less than an interrupt may take

log = logging.getLogger(__name__)


class ClusterTrainer:
    """Train on the workers of a scheduler, one task per worker; workers may join and leave.

    Args:
        dataset: the function's first argument for every task.
        address: of the scheduler.
        device: of the tasks; tasks for ``cuda`` go to workers with the resource GPU, one at a time.
        function: importable by its name on the workers.

    Raises:
        ClusterError: the scheduler cannot be reached.
    """

    def __init__(self, dataset: Any, address: str, device: str = "cpu", function: Callable[..., Any] = advance) -> None:
        self._data = pickle.dumps((function, dataset), pickle.HIGHEST_PROTOCOL)
        self._digest = hashlib.sha256(self._data).hexdigest()
        self._on_gpu = device.startswith("cuda")
        self._versions = versions()
        self._error: ClusterError | None = None  # why the cluster cannot be used any more
        self._sent_data: tuple[Client, DaskFuture[bytes]] | None = None
        self._addresses: frozenset[str] = frozenset()  # of the workers
        self._assigned = 0  # tasks that the scheduler has
        self._changed = asyncio.Condition()  # one of the two above
        self._running: set[asyncio.Task[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="cluster", daemon=True)
        self._thread.start()
        self._connection = SchedulerConnection(address)
        try:
            self._run(self._connect()).result()
        except BaseException:
            self._stop()
            raise
        self._run(self._watch_workers())

    @property
    def workers(self) -> int:
        """Return how many workers there are now; 1 while the trainer waits for the first.

        Raises:
            ClusterError: the cluster cannot be used any more.
        """
        if self._error is not None:
            raise self._error
        return max(1, len(self._addresses))

    def submit(self, *task: Any) -> Future[Any]:
        """Submit a task to the scheduler.

        Raises:
            ClusterError: the cluster cannot be used any more.
        """
        if self._error is not None:
            raise self._error
        return self._run(self._train(pickle.dumps(task, pickle.HIGHEST_PROTOCOL)))

    def close(self) -> None:
        """Drop all submitted tasks and disconnect. Workers finish the tasks that they began, and drop the results."""
        if self._loop.is_running():
            with suppress(TimeoutError):
                asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(CLOSE_SECONDS)
            self._stop()

    def _run(self, coroutine: Coroutine[Any, Any, Any]) -> Future[Any]:
        """Run a coroutine in the trainer's thread, at most until the trainer is closed."""

        async def tracked() -> Any:
            task = asyncio.ensure_future(coroutine)
            self._running.add(task)
            task.add_done_callback(self._running.discard)
            return await task

        return asyncio.run_coroutine_threadsafe(tracked(), self._loop)

    async def _connect(self) -> None:
        await self._update_workers(await self._connection.client())

    async def _end(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._sent_data = None
        await self._connection.close()

    def _stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_SECONDS)
        if not self._loop.is_running():
            self._loop.close()

    async def _train(self, task: bytes) -> Any:
        """Return the function's result, or raise its error."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._assigned < max(1, len(self._addresses)))
            self._assigned += 1
        try:
            succeeded, result = pickle.loads(await self._answer(task))
        finally:
            async with self._changed:
                self._assigned -= 1
                self._changed.notify_all()
        if not succeeded:
            raise result
        return result

    async def _answer(self, task: bytes) -> bytes:
        """Return the answer of any worker: what ``executors.worker.answer`` returns."""
        data_worker: str | None = None  # a worker that asked for the data
        while True:
            client = await self._client()
            future: DaskFuture[Any] | None = None
            try:
                future = self._submit(client, task, data_worker)
                kind, value = await future
            except FutureCancelledError as error:  # by the scheduler, not by this trainer
                if client.status == "running" and error.reason != CONNECTION_LOST:
                    raise WorkerDiedError("the scheduler cancelled it") from error
                continue  # with a new connection
            except KilledWorker as error:
                message = f"its worker died, the last one {error.last_worker.address}"
                raise WorkerDiedError(message, error.allowed_failures + 1) from error
            except Exception as error:  # an error of Dask or of pickling; the function's errors are answers
                if client.status != "running":
                    continue
                raise self._fail(connection.unfit_worker_error(f"a worker cannot take a task ({error})")) from error
            finally:
                if future is not None:
                    future.release()  # cancels it if it is not done
            if kind == DONE:
                return bytes(value)
            if kind == UNFIT:
                raise self._fail(connection.unfit_worker_error(value))
            assert kind == NO_DATA
            data_worker = value

    def _submit(self, client: Client, task: bytes, data_worker: str | None) -> DaskFuture[Any]:
        """Submit a task to any worker; with the data it goes first to the worker that asked for them."""
        return client.submit(
            connection.remote_function("work"),
            expected=self._versions,
            on_gpu=self._on_gpu,
            digest=self._digest,
            data=self._data_on(client) if data_worker else None,
            task=task,
            pure=False,
            resources={GPU: 1} if self._on_gpu else None,
            workers=[data_worker] if data_worker else None,
            allow_other_workers=data_worker is not None,
        )

    def _data_on(self, client: Client) -> DaskFuture[Any]:
        """Return the data on the cluster. The scheduler makes them again if all workers that had them left."""
        sent = self._sent_data
        if sent is None or sent[0] is not client or sent[1].status not in ("pending", "finished"):
            self._sent_data = sent = client, client.submit(bytes, self._data, pure=False)
            log.info("sending %.1f MB of data to the cluster", len(self._data) / 1e6)
        return sent[1]

    async def _client(self) -> Client:
        try:
            return await self._connection.client()
        except ClusterError as error:
            raise self._fail(error) from error

    def _fail(self, error: ClusterError) -> WorkerDiedError:
        """Record that the cluster cannot be used any more, and return the error of a task."""
        self._error = self._error or error
        return WorkerDiedError(error.message)

    async def _watch_workers(self) -> None:
        """Follow which workers there are, until the trainer is closed or no worker has been there for too long."""
        empty_since: float | None = None
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            client = await self._client()  # waits for a lost scheduler, which is no time without workers
            with suppress(ClusterError):  # the connection was lost just now
                await self._update_workers(client)
            if self._addresses:
                empty_since = None
            elif empty_since is None:
                empty_since = time.monotonic()
                log.warning("no worker is left at %s; waiting for one", self._connection.address)
            elif time.monotonic() - empty_since > connection.WAIT_SECONDS:
                self._fail(connection.no_worker_error(self._connection.address))
                return

    async def _update_workers(self, client: Client) -> None:
        workers = await connection.list_workers(client)
        addresses = frozenset(a for a, worker in workers.items() if not self._on_gpu or connection.offers_gpu(worker))
        for address in sorted(addresses - self._addresses):
            log.info("worker %s joined the cluster", address)
        for address in sorted(self._addresses - addresses):
            log.info("worker %s left the cluster", address)
        async with self._changed:
            self._addresses = addresses
            self._changed.notify_all()
