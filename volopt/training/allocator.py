"""The C library's allocator, told to keep what a training step frees for the next one.

Each step takes and frees the same large blocks. By default glibc maps a block of over 32 MB anew each time, and the
kernel has to clear every page of it: up to half the time of an LSTM's step. Kept, they cost nothing. The numbers are
the same, and the process stays as large as it once was.
"""

import ctypes
import functools

KEPT = 1 << 30  # bytes free at the end of the heap that are not given back
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h


@functools.cache
def keep_freed() -> bool:
    """Have this process keep freed memory, and return whether that could be told: it is glibc that understands it."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # another C library; TypeError is Windows' way
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, KEPT))


def give_back() -> None:
    """Give freed memory back to the system, where ``keep_freed`` holds it."""
    if keep_freed():
        ctypes.CDLL(None).malloc_trim(0)
