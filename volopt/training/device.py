"""The precision of a fit, and the memory of its device."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import torch

from volopt.errors import TrainingError
from volopt.models.cells import CELLS
from volopt.training import allocator

Result = TypeVar("Result")

PRECISIONS = ("highest", "medium")
# Texts of errors that torch raises as a plain RuntimeError: of its CPU allocator, of C++, and of CUDA's libraries.
_OUT_OF_MEMORY = ("can't allocate memory", "bad_alloc", "out of memory", "ALLOC_FAILED")


def cpu_has_bfloat16() -> bool:
    """Return whether the processor has instructions for bfloat16 products, and oneDNN uses them."""
    capable = torch.cpu.get_capabilities().get("avx512_bf16", False)
    return bool(capable and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def ran_out_of_memory(error: Exception) -> bool:
    """Return whether the error tells that the memory of the CPU or a GPU ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _OUT_OF_MEMORY)


def release_memory(device: str) -> None:
    """Release the unused memory that torch or the C library keeps for later."""
    if torch.device(device).type == "cuda":
        torch.cuda.empty_cache()
    allocator.release()


class NoMemoryError(TrainingError):
    """Report that memory ran out while training."""


def computing(work: Callable[[], Result], device: str, precision: str = "highest", cell: str | None = None) -> Result:
    """Return what ``work`` returns, computed under ``reproducible`` with the same arguments.

    Raises:
        NoMemoryError: memory ran out.
    """
    allocator.keep_freed()
    with reproducible(device, precision, cell):
        try:
            return work()
        except (MemoryError, RuntimeError) as error:
            if not ran_out_of_memory(error):
                raise
    # The error is gone here, and with it the frames that held the tensors: their memory is free.
    release_memory(device)
    raise NoMemoryError("memory ran out while training", "try a smaller network or batch")


@contextmanager
def reproducible(device: str, precision: str = "highest", cell: str | None = None) -> Iterator[None]:
    """Compute in one CPU thread under ``precise``, and restore torch's settings and generators at the end."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one thread adds in one order: the numbers are the same with any number of workers
    try:
        cuda = [torch.device(device)] if torch.device(device).type == "cuda" else []
        with torch.random.fork_rng(devices=cuda), precise(device, precision, cell):
            yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def precise(device: str, precision: str, cell: str | None = None) -> Iterator[None]:
    """Compute at a precision, and restore torch's settings at the end.

    ``medium`` computes matrix products in bfloat16: through torch's matmul precision, or through autocast for the cells
    whose CPU kernels ignore it. A CPU without bfloat16 instructions computes those cells at ``highest``: oneDNN's LSTM
    refuses bfloat16 there, and its replacement is ten times slower than float32.

    Args:
        device: as torch names it.
        precision: ``highest`` or ``medium``.
        cell: a key of ``models.cells.CELLS``, which decides about autocast; None: no autocast.
    """
    matmul = torch.get_float32_matmul_precision()
    tf32 = torch.backends.cudnn.allow_tf32  # torch's default lets cuDNN round the factors of its products
    kind = torch.device(device).type
    wants_autocast = precision == "medium" and cell is not None and CELLS[cell].autocast
    autocast = wants_autocast and (kind == "cuda" or cpu_has_bfloat16())
    torch.set_float32_matmul_precision("medium" if precision == "medium" else "highest")
    torch.backends.cudnn.allow_tf32 = precision == "medium"
    try:
        # No cache: it would hold the weights' bfloat16 copies of the first epoch until the block ends.
        with torch.autocast(kind, torch.bfloat16, enabled=autocast, cache_enabled=False):
            yield
    finally:
        torch.set_float32_matmul_precision(matmul)
        torch.backends.cudnn.allow_tf32 = tf32
