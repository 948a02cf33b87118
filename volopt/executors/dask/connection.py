"""The way to a Dask scheduler: its address, what its workers offer, and a connection that is made anew when it is lost.

``distributed`` is imported only here, in ``cluster`` and in ``remote``, and only when a scheduler is named.
"""

import asyncio
import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from volopt.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from distributed import Client

CONNECT = 5.0  # seconds for one try to connect
PATIENCE = 600.0  # seconds in which a lost scheduler, or a worker where there is none, is waited for
LOOK = 30.0  # seconds in which the workers must say what they are
GLANCE = 0.5  # seconds between two looks for a worker
GPU = "GPU"  # the resource of workers that train on one
LOUD = ("distributed", "distributed.client", "distributed.gc", "tornado", "tornado.application")

log = logging.getLogger(__name__)


class ClusterCapacity(NamedTuple):
    """What a cluster has: workers, and how many of them offer a GPU."""

    workers: int
    gpus: int


def check(address: str, device: str) -> None:
    """Refuse what cannot be, before anything is read or reached.

    Raises:
        UsageError: the address is none, the device is none of a cluster's, or Dask is not installed.
    """
    found = re.fullmatch(r"(tcp|tls)://(\[[0-9a-fA-F:.]+\]|[^\s:/\[\]@]+):([0-9]{1,5})", address)
    if not found or not 0 < int(found[3]) < 2**16:
        raise UsageError(f"--scheduler {address} is no address of a Dask scheduler", "write tcp://HOST:PORT")
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(
            f"--device {device} is no device of a cluster",
            "write auto, cpu or cuda; which GPU a worker takes is said to it by CUDA_VISIBLE_DEVICES",
        )
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UsageError(
            f"--scheduler needs the package distributed, which cannot be imported ({error})",
            "pip install 'volopt[cluster]'",
        ) from error


def look(address: str, device: str) -> tuple[str, int]:
    """Wait for a first worker, ask all of them what they are, and return (device, how many can take tasks).

    Args:
        address: of the scheduler.
        device: ``auto`` is ``cuda`` where a worker offers a GPU.

    Raises:
        ClusterError: there is no scheduler or no worker, a worker is not fit for this run, or none offers a GPU.
    """
    offer = asyncio.run(_look(address))
    if device == "cuda" and not offer.gpus:
        raise ClusterError(
            f"no worker of {address} offers a GPU",
            f"start some with: dask worker {address} --nthreads 1 --resources GPU=1",
        )
    on_gpu = device == "cuda" or (device == "auto" and offer.gpus > 0)
    return ("cuda", offer.gpus) if on_gpu else ("cpu", offer.workers)


async def _look(address: str) -> ClusterCapacity:
    scheduler = SchedulerConnection(address)
    try:
        client = await scheduler.client()
        deadline, said = time.monotonic() + PATIENCE, False
        while not (found := await workers(client)):
            if not said:
                log.warning("no worker has joined %s yet; waiting for up to %.0f s", address, PATIENCE)
            said = True
            if time.monotonic() > deadline:
                raise no_worker(address)
            await asyncio.sleep(GLANCE)
        await _check_workers(client)
        return offered(found)
    finally:
        await scheduler.close()


async def workers(client: "Client") -> dict[str, dict[str, Any]]:
    """Return what the scheduler knows of each worker, by address.

    Raises:
        ClusterError: the connection is lost.
    """
    if client.scheduler is None:
        raise _lost()
    try:
        found: dict[str, dict[str, Any]] = (await client.scheduler.identity())["workers"]
    except OSError as error:
        raise _lost() from error
    return found


def offered(found: Mapping[str, Mapping[str, Any]]) -> ClusterCapacity:
    """Return what these workers offer."""
    return ClusterCapacity(len(found), sum(worker["resources"].get(GPU, 0) >= 1 for worker in found.values()))


def no_worker(address: str) -> ClusterError:
    """Return what to say when nobody takes the tasks."""
    return ClusterError(
        f"no worker has joined {address} for {PATIENCE:.0f} s",
        f"start some with: dask worker {address} --nthreads 1",
    )


def misfit(said: str) -> ClusterError:
    """Return the error of a worker that is not fit; ``said`` is its own sentence."""
    return ClusterError(
        said, "give every worker one thread (--nthreads 1) and the Python, volopt, torch and numpy of this machine"
    )


def _lost() -> ClusterError:
    return ClusterError("the connection to the scheduler is lost", "start the cluster again; the same command goes on")


async def _check_workers(client: "Client") -> None:
    """Ask every worker whether it is fit.

    Raises:
        ClusterError: one is not, or does not answer.
    """
    from volopt.executors.dask.worker import versions

    try:
        said = await asyncio.wait_for(client.run(_probe(), versions(), on_error="return"), LOOK)
    except TimeoutError as error:
        raise ClusterError(f"a worker does not answer within {LOOK:.0f} s", "are all of them alive?") from error
    except OSError as error:
        raise _lost() from error
    for address, wrong in said.items():
        if isinstance(wrong, OSError):  # it left while it was asked
            continue
        if wrong:
            raise misfit(wrong if isinstance(wrong, str) else f"the worker {address} cannot be asked ({wrong})")


def _probe() -> Callable[..., str]:
    """Return a function within a function: one that travels whole, also to a worker without volopt."""

    def probe(expected: dict[str, str], dask_worker: Any) -> str:
        try:
            from volopt.executors.dask.worker import unfit
        except ImportError as error:
            return f"the worker {dask_worker.address} cannot import volopt ({error})"
        return unfit(expected, dask_worker)

    return probe


class SchedulerConnection:
    """A connection to a scheduler, for one event loop; ``client`` makes it anew when it is lost."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._client: Client | None = None
        self._lock = asyncio.Lock()

    async def client(self) -> "Client":
        """Return a client that is connected: the first one within seconds, a lost one within ``PATIENCE``.

        Raises:
            ClusterError: nobody answers.
        """
        async with self._lock:
            if self._client is None:
                self._client = await self._connect()
            elif self._client.status != "running":
                self._client = await self._again()
            return self._client

    async def close(self) -> None:
        """Leave; the scheduler and its workers go on."""
        client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):  # of a connection that is gone
                await client.close(timeout=1)

    async def _again(self) -> "Client":
        log.warning("the connection to %s is lost; trying again for up to %.0f s", self.address, PATIENCE)
        deadline = time.monotonic() + PATIENCE
        await self.close()
        while True:
            try:
                client = await self._connect()
            except ClusterError as error:
                if time.monotonic() > deadline:
                    raise ClusterError(
                        f"the connection to {self.address} was lost, and not made again in {PATIENCE:.0f} s",
                        "start the scheduler and its workers again; the same command goes on",
                    ) from error
                await asyncio.sleep(GLANCE)
            else:
                log.warning("connected to %s again", self.address)
                return client

    async def _connect(self) -> "Client":
        import dask
        from distributed import Client

        for name in LOUD:  # Dask tells every lost connection, and this class tells what matters
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        # The data, and the state of a large network, are large for what Dask calls a graph.
        dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 TiB"})
        client: Client | None = None
        try:
            client = Client(self.address, asynchronous=True, timeout=CONNECT, set_as_default=False, name="volopt")
            return await asyncio.wait_for(client, CONNECT + 1)  # also where somebody listens and says nothing
        except Exception as error:  # OSError where nobody listens, others where the other side is no scheduler
            if client is not None:
                with suppress(Exception):
                    await client.close(timeout=0)
            tls = self.address.startswith("tls")
            raise ClusterError(
                f"there is no Dask scheduler at {self.address} ({_reason(error)})",
                "Dask's configuration must name the certificates" if tls else "start one with: dask scheduler",
            ) from error


def _reason(error: BaseException) -> str:
    """Return why nobody could be reached, in a few words."""
    causes = [error]
    while causes[-1].__cause__ is not None:
        causes.append(causes[-1].__cause__)
    told = [cause.strerror for cause in reversed(causes) if isinstance(cause, OSError) and cause.strerror]
    if told:
        return told[0]  # such as "Connection refused"
    if isinstance(error, OSError):
        return f"no answer within {CONNECT:.0f} s"
    return f"{type(error).__name__}: {error}".partition("\n")[0]
