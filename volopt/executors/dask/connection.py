"""The connection to a Dask scheduler: its address, its workers, and a new connection after a loss.

``distributed`` is imported only in this package, and only when a scheduler is named.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from volopt.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from distributed import Client

CONNECT_SECONDS = 5.0  # for one try to connect
WAIT_SECONDS = 600.0  # for a lost scheduler, or for a first worker
CHECK_SECONDS = 30.0  # for the answers of the workers to a check
POLL_SECONDS = 0.5  # between two tries
GPU = "GPU"  # Dask's resource for workers that train on a GPU
DONE, NO_DATA, UNFIT = "done", "no data", "unfit"  # kinds of a worker's answer
LOGGERS = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application")

log = logging.getLogger(__name__)


def check_options(address: str, device: str) -> None:
    """Check the options before anything is read or connected.

    Raises:
        UsageError: the address or the device is invalid, or Dask is not installed.
    """
    match = re.fullmatch(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]@]+):([0-9]{1,5})", address)
    if not match or not 0 < int(match[3]) < 2**16:
        raise UsageError(f"--scheduler {address} is not the address of a Dask scheduler", "write tcp://HOST:PORT")
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(
            f"--device {device} cannot be used with --scheduler",
            "write auto, cpu or cuda; CUDA_VISIBLE_DEVICES selects the GPU of each worker",
        )
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"--scheduler needs the package distributed, which cannot be imported ({error})",
            "pip install 'volopt[cluster]'",
        ) from error


def find_workers(address: str, device: str) -> tuple[str, int]:
    """Wait for a first worker, check all workers, and return the device and how many workers can train on it.

    Args:
        address: of the scheduler.
        device: ``auto`` is ``cuda`` if a worker offers a GPU.

    Raises:
        ClusterError: there is no scheduler or no worker, a worker does not fit this run, or none offers a GPU.
    """
    workers = asyncio.run(_checked_workers(address))
    gpus = sum(map(offers_gpu, workers.values()))
    if device == "cuda" and not gpus:
        raise ClusterError(
            f"no worker of {address} offers a GPU",
            f"start some with: dask worker {address} --nthreads 1 --resources GPU=1",
        )
    return ("cuda", gpus) if gpus and device != "cpu" else ("cpu", len(workers))


async def _checked_workers(address: str) -> dict[str, dict[str, Any]]:
    connection = SchedulerConnection(address)
    try:
        client = await connection.client()
        workers, deadline = await list_workers(client), time.monotonic() + WAIT_SECONDS
        if not workers:
            log.warning("no worker has joined %s yet; waiting for up to %.0f s", address, WAIT_SECONDS)
        while not workers:
            if time.monotonic() > deadline:
                raise no_worker_error(address)
            await asyncio.sleep(POLL_SECONDS)
            workers = await list_workers(client)
        await _check_workers(client)
        return workers
    finally:
        await connection.close()


async def list_workers(client: "Client") -> dict[str, dict[str, Any]]:
    """Return what the scheduler knows about each worker, by address.

    Raises:
        ClusterError: the connection is lost.
    """
    if client.scheduler is None:
        raise _lost_error()
    try:
        workers: dict[str, dict[str, Any]] = (await client.scheduler.identity())["workers"]
    except OSError as error:
        raise _lost_error() from error
    return workers


def offers_gpu(worker: Mapping[str, Any]) -> bool:
    """Return whether a worker from ``list_workers`` offers a GPU."""
    return bool(worker["resources"].get(GPU, 0) >= 1)


def no_worker_error(address: str) -> ClusterError:
    """Return the error of a cluster without workers."""
    hint = f"start some with: dask worker {address} --nthreads 1"
    return ClusterError(f"no worker has joined {address} for {WAIT_SECONDS:.0f} s", hint)


def unfit_worker_error(reason: str) -> ClusterError:
    """Return the error of a worker that cannot take part in the run; the reason is a sentence."""
    hint = "start every worker with --nthreads 1 and this machine's versions of Python, volopt, torch and numpy"
    return ClusterError(reason, hint)


def _lost_error() -> ClusterError:
    return ClusterError("the connection to the scheduler is lost", "start the cluster again and repeat the command")


async def _check_workers(client: "Client") -> None:
    """Ask every worker whether it can take part in the run.

    Raises:
        ClusterError: a worker cannot, or does not answer.
    """
    from volopt.executors.dask.worker import versions

    try:
        request = client.run(remote_function("check"), on_error="return", expected=versions())
        answers = await asyncio.wait_for(request, CHECK_SECONDS)
    except TimeoutError as error:
        reason = f"a worker does not answer within {CHECK_SECONDS:.0f} s"
        raise ClusterError(reason, "check that all workers are running") from error
    except OSError as error:
        raise _lost_error() from error
    for address, answer in answers.items():
        if isinstance(answer, OSError):  # the worker left during the check
            continue
        kind, reason = (UNFIT, f"the worker {address} failed ({answer})") if isinstance(answer, Exception) else answer
        if kind == UNFIT:
            raise unfit_worker_error(reason)


def remote_function(name: str) -> Callable[..., Any]:
    """Return a function that calls a function of ``worker`` on a worker, with keyword arguments.

    Dask sends the code of a nested function, so it also runs on workers without volopt, and answers ``UNFIT`` there.
    """

    def volopt(dask_worker: Any = None, **arguments: Any) -> Any:
        from distributed import get_worker

        worker = dask_worker or get_worker()  # Client.run passes it, Client.submit does not
        try:
            from volopt.executors.dask import worker as functions
        except ImportError as error:
            return UNFIT, f"the worker {worker.address} cannot import volopt ({error})"
        return getattr(functions, name)(worker, **arguments)

    return volopt


class SchedulerConnection:
    """Hold a connection to a scheduler, for one event loop; ``client`` makes it again after a loss."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._client: Client | None = None
        self._lock = asyncio.Lock()

    async def client(self) -> "Client":
        """Return a connected client: the first one within seconds, after a loss within ``WAIT_SECONDS``.

        Raises:
            ClusterError: the scheduler does not answer.
        """
        async with self._lock:
            if self._client is None:
                self._client = await self._connect()
            elif self._client.status != "running":
                self._client = await self._reconnect()
            return self._client

    async def close(self) -> None:
        """Disconnect; the scheduler and its workers continue."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # the connection may be lost already
                await client.close(timeout=1)

    async def _reconnect(self) -> "Client":
        log.warning("the connection to %s is lost; trying again for up to %.0f s", self.address, WAIT_SECONDS)
        deadline = time.monotonic() + WAIT_SECONDS
        await self.close()
        while True:
            try:
                client = await self._connect()
            except ClusterError as error:
                if time.monotonic() > deadline:
                    raise ClusterError(
                        f"the connection to {self.address} was lost, and not restored within {WAIT_SECONDS:.0f} s",
                        "start the scheduler and its workers again, and repeat the command",
                    ) from error
                await asyncio.sleep(POLL_SECONDS)
            else:
                log.warning("connected to %s again", self.address)
                return client

    async def _connect(self) -> "Client":
        import dask
        from distributed import Client

        for name in LOGGERS:  # Dask logs every lost connection; this class logs the important ones
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        # Dask warns of large graphs, and counts the data and the state of a large network as part of one.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"})
        client: Client | None = None
        try:
            client = Client(
                self.address, asynchronous=True, timeout=CONNECT_SECONDS, set_as_default=False, name="volopt"
            )
            return await asyncio.wait_for(client, CONNECT_SECONDS + 1)  # the other side may accept and say nothing
        except Exception as error:  # OSError without a listener, others if the listener is not a scheduler
            if client is not None:
                with suppress(Exception):
                    await client.close(timeout=0)
            tls = self.address.startswith("tls")
            raise ClusterError(
                f"there is no Dask scheduler at {self.address} ({_reason(error)})",
                "Dask's configuration must name the certificates" if tls else "start one with: dask scheduler",
            ) from error


def _reason(error: BaseException) -> str:
    """Return in a few words why the scheduler could not be reached."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    reasons = [cause.strerror for cause in reversed(causes) if isinstance(cause, OSError) and cause.strerror]
    if reasons:
        return reasons[0]  # for example "Connection refused"
    if isinstance(error, OSError):
        return f"no answer within {CONNECT_SECONDS:.0f} s"
    return f"{type(error).__name__}: {error}".partition("\n")[0]
