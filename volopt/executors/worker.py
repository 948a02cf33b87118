"""A worker process: it watches its parent from its first moment, and trains the tasks that come through a pipe.

The pipe brings the function and its dataset first, then tasks. The answer to a task is (True, result) or (False,
error). The worker ignores SIGINT, because the driver decides what ends. It imports nothing heavy before it watches its
parent.
"""

import os
import pickle
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.process import parent_process
from typing import Any

from volopt.executors.shared_memory import receive


def work(pipe: Connection) -> None:
    """Train until the pipe, or the parent, ends."""
    follow_parent()
    try:
        function, dataset = receive(pipe)
        while True:
            pipe.send_bytes(answer(function, dataset, pipe.recv()))
    except (EOFError, ConnectionError):
        return


def follow_parent() -> None:
    """Ignore Ctrl-C, and end when the parent process has ended in any way."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
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
