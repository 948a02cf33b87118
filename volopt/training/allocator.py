"""Make the C library keep the memory that a training step frees, for the next step.

Each step allocates and frees the same large blocks. By default glibc maps a block of more than 32 MB anew each time,
and the kernel clears all its pages: up to half the time of an LSTM's step. Kept blocks cost nothing. The numbers are
the same, and the process keeps its largest size.
"""

import ctypes
import functools
from collections.abc import Callable

MAX_KEPT = 1 << 30  # free bytes at the end of the heap
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4  # glibc's malloc.h


@functools.cache
def keep_freed() -> bool:
    """Make this process keep freed memory, and return whether the C library can do so; only glibc can."""
    mallopt = _of_c_library("mallopt")
    return mallopt is not None and bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, MAX_KEPT))


def release() -> None:
    """Return freed memory to the system, which glibc keeps: all after ``keep_freed``, else what lies between blocks."""
    if (trim := _of_c_library("malloc_trim")) is not None:
        trim(0)


def _of_c_library(name: str) -> Callable[..., int] | None:
    """Return a function of the C library, or None where it has none of this name."""
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError):
        return None
    return function
