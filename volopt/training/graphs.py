"""Work on tensors that stay where they are: recorded once on CUDA and replayed, done as it is said on the CPU.

A network of a few units keeps a GPU busy for microseconds a call, less than Python takes to make it; a CUDA graph
makes all calls of a training step at once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

WARM_UP = 3  # calls before a recording, as torch asks for: libraries allocate on their first calls


class Recorder:
    """Records works that share the memory of one pool, and so are not to be replayed at the same time.

    Args:
        device: where they work.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._pool: Any = None  # torch's handle

    def __call__(self, work: Callable[[Tensor], None], given: Tensor) -> Callable[[Tensor], None]:
        """Return what does the work on a tensor such as ``given``.

        On CUDA the work is done a few times at once. It must read no number back, and what it changes has to stay
        where it is.
        """
        if self._device.type != "cuda":
            return work
        with torch.cuda.device(self._device):
            here = given.clone()
            self._warm_up(work, here)
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
                torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"),
            ):
                work(here)
        except RuntimeError as error:
            if isinstance(error.__context__, torch.OutOfMemoryError):  # which the end of the recording hides
                raise error.__context__ from None
            raise
        return graph

    def _warm_up(self, work: Callable[[Tensor], None], here: Tensor) -> None:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch does not annotate it
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                work(here)
        torch.cuda.current_stream().wait_stream(side)


def _replay(graph: torch.cuda.CUDAGraph, here: Tensor, given: Tensor) -> None:
    here.copy_(given)
    graph.replay()
