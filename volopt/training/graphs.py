"""Work on tensors that stay where they are: recorded once on CUDA and replayed, done as it is said on the CPU.

A network of a few units keeps a GPU busy for microseconds a call, less than Python takes to make it; a CUDA graph
makes all calls of a training step at once.
"""

from collections.abc import Callable
from typing import Any

import torch

WARM_UP = 3  # calls before a recording, as torch asks for: libraries allocate on their first calls


class Recorder:
    """Records works that use the memory of one pool, one after another.

    Args:
        device: where they work.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._pool: Any = None  # torch's handle

    def __call__(self, work: Callable[[], None]) -> Callable[[], None]:
        """Return what does the work; it must not look at numbers, and what it changes is changed by recording too."""
        if self._device.type != "cuda":
            return work
        with torch.cuda.device(self._device):
            side = torch.cuda.Stream()  # type: ignore[no-untyped-call]  # torch does not annotate it
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(WARM_UP):
                    work()
            torch.cuda.current_stream().wait_stream(side)
            graph = torch.cuda.CUDAGraph()
            # Other threads of the process may use the device meanwhile.
            with torch.cuda.graph(graph, pool=self._pool, capture_error_mode="thread_local"):
                work()
            self._pool = self._pool or graph.pool()
        return graph.replay
