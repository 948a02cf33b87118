"""What every worker is given once: pickled, with its arrays in memory that driver and workers share.

The memory is a file without a name: the operating system frees it with the last process that has it open, however that
ends. Where there is no such file (it is Linux's), each worker gets arrays of its own through its pipe. A worker cannot
write to shared arrays.
"""

import mmap
import os
import pickle
import threading
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

ALIGNED = 64  # bytes: a cache line


class SharedMemory:
    """Something to give to processes; arrays are laid into memory with the first that takes it."""

    def __init__(self, what: Any) -> None:
        self._what = what
        self._lock = threading.Lock()  # of the two below
        self._packed: tuple[bytes, list[slice]] | None = None
        self._memory: int | None = None  # file descriptor; None where there are no arrays, or no such files

    def send(self, pipe: Connection, pid: int) -> None:
        """Give it to the process at the other end of the pipe, which calls ``received``."""
        with self._lock:
            if self._packed is None:
                self._packed = self._pack()
        pipe.send(self._packed)
        if self._memory is not None:
            reduction.send_handle(pipe, self._memory, pid)

    def close(self) -> None:
        """Give it to nobody any more; those who have it keep it."""
        with self._lock:
            if self._memory is not None:
                os.close(self._memory)
            self._memory = self._packed = None

    def _pack(self) -> tuple[bytes, list[slice]]:
        if not hasattr(os, "memfd_create"):
            return pickle.dumps(self._what, protocol=5), []
        buffers: list[pickle.PickleBuffer] = []
        pickled = pickle.dumps(self._what, protocol=5, buffer_callback=buffers.append)
        if not buffers:
            return pickled, []
        self._memory = os.memfd_create("volopt")
        places, start = [], 0
        with open(self._memory, "wb", closefd=False) as file:
            for buffer in buffers:
                file.seek(start)
                places.append(slice(start, start + file.write(buffer.raw())))
                start = -(-places[-1].stop // ALIGNED) * ALIGNED
        return pickled, places


def received(pipe: Connection) -> Any:
    """Return what ``SharedMemory.send`` sent; raises EOFError where the pipe ended."""
    pickled, places = pipe.recv()
    if not places:
        return pickle.loads(pickled)
    memory = reduction.recv_handle(pipe)
    try:
        whole = memoryview(mmap.mmap(memory, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(memory)
    return pickle.loads(pickled, buffers=[whole[place] for place in places])
