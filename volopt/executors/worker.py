"""What a worker process does: it watches its parent from its first moment on, and trains what comes through a pipe.

The pipe brings the work and its dataset first, then tasks; each is answered with (whether it went well, what came of it
or the error). SIGINT is ignored: the driver decides what ends. Nothing heavy is imported before the watch has begun.
"""

import os
import pickle
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import parent_process
from typing import Any

from volopt.executors.shared_memory import received


def work(pipe: Connection) -> None:
    """Train until the pipe, or the parent, ends."""
    follow_parent()
    try:
        train, dataset = received(pipe)
        while True:
            pipe.send_bytes(answer(train, dataset, pipe.recv()))
    except (EOFError, ConnectionError):
        return


def follow_parent() -> None:
    """Leave Ctrl-C to the driver, and end when it is gone, however it went."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def answer(train: Callable[..., Any], dataset: Any, task: tuple[Any, ...]) -> bytes:
    """Return, pickled, whether the task went well, and what came of it or the error."""
    try:
        return pickle.dumps((True, train(dataset, *task)))
    except Exception as error:
        return _failure(error)


def _failure(error: Exception) -> bytes:
    try:
        told = pickle.dumps((False, error))
        pickle.loads(told)  # some errors can be sent and not be received
    except Exception:
        told = pickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return told
