"""Give an object to worker processes: pickled, with its arrays in memory that all processes share.

The memory is a file without a name. The operating system frees it with the last process that has it open, in whatever
way that process ends. macOS has no such file: there each worker gets its own arrays through its pipe. A worker cannot
write to shared arrays.
"""

import mmap
import os
import pickle
import threading
from multiprocessing import reduction
from multiprocessing.connection import Connection
from typing import Any

ALIGNMENT = 64  # bytes: a cache line


class SharedMemory:
    """Send one object to processes. The first process that takes it causes its arrays to be copied into the memory."""

    def __init__(self, content: Any) -> None:
        self._content = content
        self._lock = threading.Lock()  # protects the two fields below
        self._pickled: tuple[bytes, list[slice]] | None = None  # and where its arrays are in the memory
        self._memory: int | None = None  # file descriptor; None where there are no arrays, or no such files

    def send(self, pipe: Connection, pid: int) -> None:
        """Send the object to the process at the other end of the pipe, which calls ``receive``."""
        with self._lock:
            if self._pickled is None:
                self._pickled = self._pickle()
        pipe.send(self._pickled)
        if self._memory is not None:
            reduction.send_handle(pipe, self._memory, pid)

    def close(self) -> None:
        """Send it to no more processes; those that have it keep it."""
        with self._lock:
            if self._memory is not None:
                os.close(self._memory)
            self._memory = self._pickled = None

    def _pickle(self) -> tuple[bytes, list[slice]]:
        if not hasattr(os, "memfd_create"):
            return pickle.dumps(self._content, protocol=5), []
        buffers: list[pickle.PickleBuffer] = []
        pickled = pickle.dumps(self._content, protocol=5, buffer_callback=buffers.append)
        if not buffers:
            return pickled, []
        self._memory = os.memfd_create("volopt")
        places, start = [], 0
        with open(self._memory, "wb", closefd=False) as file:
            for buffer in buffers:
                file.seek(start)
                places.append(slice(start, start + file.write(buffer.raw())))
                start = -(-places[-1].stop // ALIGNMENT) * ALIGNMENT
        return pickled, places


def receive(pipe: Connection) -> Any:
    """Return the object that ``SharedMemory.send`` sent; raises EOFError where the pipe ended."""
    pickled, places = pipe.recv()
    if not places:
        return pickle.loads(pickled)
    memory = reduction.recv_handle(pipe)
    try:
        content = memoryview(mmap.mmap(memory, 0, access=mmap.ACCESS_READ))
    finally:
        os.close(memory)
    return pickle.loads(pickled, buffers=[content[place] for place in places])
