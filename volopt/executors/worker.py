"""A worker process: it watches its parent from its first moment, and trains the tasks that come through a pipe.

The pipe brings the function and its dataset first, then tasks. The answer to a task is (True, result) or (False,
error). The worker ignores SIGINT, because the driver decides what ends. Nothing comes through stdin: only the parent
holds its other end, so it hangs up when the parent ends in any way. The worker imports nothing heavy before it watches
its parent.
"""

import fcntl
import os
import pickle
import select
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from volopt.executors.shared_memory import receive

STDIN = 0  # its descriptor


def main(descriptor: int) -> None:
    """Train until the parent ends in any way; ignore Ctrl-C.

    Args:
        descriptor: of this process's end of the pipe.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    pipe = Connection(descriptor)
    # On Linux the signal of the hang-up ends this process. The thread would be late: it waits while an import loads
    # torch's libraries, over a second on a busy machine. macOS ignores the signal: there the thread does it.
    signal.signal(signal.SIGIO, signal.SIG_DFL)
    fcntl.fcntl(STDIN, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(STDIN, fcntl.F_SETFL, fcntl.fcntl(STDIN, fcntl.F_GETFL) | os.O_ASYNC)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        function, dataset = receive(pipe)
        while True:
            pipe.send_bytes(answer(function, dataset, pipe.recv()))
    except (EOFError, OSError):  # the other end of the pipe is closed
        return


def _end_with_parent() -> None:
    """Wait until the parent hangs up, and end this process."""
    hang_up = select.poll()
    hang_up.register(STDIN, 0)  # no event but the hang-up, which is always reported
    hang_up.poll()
    os._exit(1)


def answer(function: Callable[..., Any], dataset: Any, task: tuple[Any, ...]) -> bytes:
    """Return the pickled answer to a task: (True, result) or (False, error)."""
    try:
        return pickle.dumps((True, function(dataset, *task)))
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((False, error))
        pickle.loads(answer)  # some errors can be sent and not be received
    except Exception:
        answer = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer
