"""Ctrl-C and SIGTERM: the first ends a run in order, within ``GRACE_SECONDS``; a second one ends it at once.

The first signal becomes a KeyboardInterrupt only where the driver waits or trains, so that it never cuts a write to the
storage in two. Elsewhere it waits for the next ``check``. A thread watches, too: Python hands no signal to the main
thread while that waits in C code, for example for a locked database.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

GRACE_SECONDS = 4.0  # in which a run may end in order
EXIT_CODE = 130
SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Handle SIGINT and SIGTERM in a ``with`` block; ``requested`` stays true afterwards.

    Args:
        owns_process: whether a second signal ends the process. A notebook's process has more to lose than the run:
            there it is raised at once, wherever the run is.
    """

    def __init__(self, *, owns_process: bool = True) -> None:
        self.requested = False
        self._owns_process = owns_process
        self._may_raise = False
        self._handlers: dict[signal.Signals, Any] = {}  # before the block
        self._wakeup: tuple[socket.socket, int] | None = None

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():  # Python lets no other thread set handlers
            for each in SIGNALS:
                self._handlers[each] = signal.signal(each, self._handle)
            if self._owns_process:
                self._start_watch()
        return self

    def _start_watch(self) -> None:
        ours, pythons = socket.socketpair()
        pythons.setblocking(False)
        self._wakeup = pythons, signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
        threading.Thread(target=_watch, args=(ours,), daemon=True).start()

    def __exit__(self, *error: object) -> None:
        if self._wakeup is not None:
            pythons, before = self._wakeup
            signal.set_wakeup_fd(before)
            pythons.close()  # which ends the thread
        for each, handler in self._handlers.items():
            signal.signal(each, handler)

    @contextmanager
    def possible(self) -> Iterator[None]:
        """Raise KeyboardInterrupt in the block, also for a signal that came before."""
        self._may_raise = True
        try:
            self.check()
            yield
        finally:
            self._may_raise = False

    def check(self) -> None:
        """Raise the KeyboardInterrupt of an earlier signal, which could not be raised or was lost in a finalizer."""
        if self.requested:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        is_second, self.requested = self.requested, True
        if self._may_raise or (is_second and not self._owns_process):
            self._may_raise = False  # once is enough
            raise KeyboardInterrupt


def _watch(signals: socket.socket) -> None:
    """End the process at the second signal, or when the grace of the first is over."""
    is_first = True
    with signals:
        try:
            while received := signals.recv(1):
                if received[0] in SIGNALS:
                    if not is_first:
                        leave()
                    is_first = False
                    signals.settimeout(GRACE_SECONDS)
        except TimeoutError:
            leave()


def leave() -> None:
    """End this process at once. Workers end by themselves, and the next run marks the RUNNING trials as interrupted."""
    cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
    message = f"{cursor}\nInterrupted at once. Finished trials are kept; the same command resumes the study.\n"
    os.write(2, message.encode())
    os._exit(EXIT_CODE)
