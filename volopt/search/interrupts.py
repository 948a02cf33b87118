"""Ctrl-C and a polite kill: the first ends a run in good order, within seconds; a second one ends it at once.

The first is raised as KeyboardInterrupt only where the driver waits or trains, so that no write to the storage is cut
in two; elsewhere it is remembered until the next ``check``. A thread watches too: Python hands no signal to the main
thread while that waits in C, as for a locked database.
"""

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

GRACE = 4.0  # seconds in which a run may end in good order
EXIT_CODE = 130
SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """While it is entered, SIGINT and SIGTERM are handled as told above; ``asked`` stays true afterwards."""

    def __init__(self) -> None:
        self.asked = False
        self._open = False  # whether an interrupt may be raised here and now
        self._before: dict[signal.Signals, Any] = {}
        self._watched: tuple[socket.socket, int] | None = None

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():  # Python allows no other to set handlers
            for each in SIGNALS:
                self._before[each] = signal.signal(each, self._handle)
            ours, pythons = socket.socketpair()
            pythons.setblocking(False)
            self._watched = pythons, signal.set_wakeup_fd(pythons.fileno(), warn_on_full_buffer=False)
            threading.Thread(target=_watch, args=(ours,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._watched is not None:
            pythons, before = self._watched
            signal.set_wakeup_fd(before)
            pythons.close()  # which ends the thread
        for each, handler in self._before.items():
            signal.signal(each, handler)

    @contextmanager
    def possible(self) -> Iterator[None]:
        """Let an interrupt be raised within the block, also one that came before."""
        self._open = True
        try:
            self.check()
            yield
        finally:
            self._open = False

    def check(self) -> None:
        """Raise the KeyboardInterrupt that could not be raised when it came, or was lost in a finalizer."""
        if self.asked:
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        if self._open:
            self._open = False  # once is enough
            raise KeyboardInterrupt


def _watch(signals: socket.socket) -> None:
    """Leave at the second signal, or when the first one's grace is over."""
    with signals:
        while True:
            heard = signals.recv(1)
            if not heard:
                return
            if heard[0] in SIGNALS:
                break
        signals.settimeout(GRACE)
        try:
            while heard := signals.recv(1):
                if heard[0] in SIGNALS:
                    leave()
        except TimeoutError:
            leave()


def leave() -> None:
    """End this process at once: workers end by themselves, and the next run tells what was in flight as interrupted."""
    cursor = SHOW_CURSOR if sys.stderr.isatty() else ""
    os.write(2, f"{cursor}\nInterrupted at once. What is finished is kept; the same command goes on.\n".encode())
    os._exit(EXIT_CODE)
