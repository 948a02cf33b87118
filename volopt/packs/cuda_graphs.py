"""Work on tensors that stay where they are: recorded once on CUDA and replayed, done as it is said on the CPU.

A network of a few units keeps a GPU busy for microseconds a call, less than Python takes to make it; a CUDA graph
makes all calls of a training step at once.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor

WARM_UP = 3  # calls before a recording, as torch asks for: libraries allocate on their first calls


class GraphRecorder:
    """Records works that follow each other in a stream of their own, beside those of other recorders.

    They share the memory of one pool. The stream is also that of the recording: cuBLAS keeps a workspace a stream, and
    works that are done at the same time must not share it.

    Args:
        device: where they work.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._pool: Any = None  # torch's handle
        on_cuda = self._device.type == "cuda"
        self._stream = torch.cuda.Stream(self._device) if on_cuda else None  # type: ignore[no-untyped-call]

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Do what is said in the recorder's stream, after all that was said before; it is not waited for."""
        if self._stream is None:
            yield
            return
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        with torch.cuda.stream(self._stream):
            yield

    def join(self) -> None:
        """Have what is said from now on come after all that was done apart."""
        if self._stream is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._stream)

    def __call__(self, work: Callable[[Tensor], None], given: Tensor) -> Callable[[Tensor], None]:
        """Return what does the work on a tensor such as ``given``.

        On CUDA the work is done a few times at once. It must read no number back, and what it changes has to stay
        where it is.
        """
        if self._stream is None:
            return work
        with torch.cuda.device(self._device):
            here = given.clone()
            with self.apart():
                for _ in range(WARM_UP):
                    work(here)
            self.join()
            graph = self._recorded(work, here)
        self._pool = self._pool or graph.pool()
        return partial(_replay, graph, here)

    def _recorded(self, work: Callable[[Tensor], None], here: Tensor) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads of the process may use the device meanwhile; and should the recording fail, torch does not
            # go back to the stream there was.
            with (
                torch.cuda.stream(torch.cuda.current_stream()),
                torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"),
            ):
                work(here)
        except RuntimeError as error:
            if isinstance(error.__context__, torch.OutOfMemoryError):  # which the end of the recording hides
                raise error.__context__ from None
            raise
        return graph


def _replay(graph: torch.cuda.CUDAGraph, here: Tensor, given: Tensor) -> None:
    here.copy_(given)
    graph.replay()
