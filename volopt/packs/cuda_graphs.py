"""Functions on fixed memory: recorded once and replayed on CUDA, called as they are on the CPU.

A call on a network of a few units keeps a GPU busy for microseconds, less than Python needs to make the call. A CUDA
graph makes all calls of a training step at once.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

WARM_UP_CALLS = 3  # before a recording, as torch demands: libraries allocate on their first calls


class GraphRecorder:
    """Record functions that run one after another in the recorder's own stream, beside those of other recorders.

    The recordings share one memory pool. They are made in the same stream in which they run: cuBLAS keeps a workspace
    per stream, and functions that run at the same time must not share it.
    """

    def __init__(self, device: str) -> None:
        self._device = torch.device(device)
        self._pool: Any = None  # torch's handle
        on_cuda = self._device.type == "cuda"
        self._stream = torch.cuda.Stream(self._device) if on_cuda else None  # type: ignore[no-untyped-call]

    def in_stream(self) -> AbstractContextManager[Any]:
        """Return a context that launches in the recorder's stream, after all earlier launches, without waiting."""
        if self._stream is None:
            return nullcontext()
        self._stream.wait_stream(torch.cuda.current_stream(self._device))
        return torch.cuda.stream(self._stream)

    def join(self) -> None:
        """Run all later launches after those of the recorder's stream."""
        if self._stream is not None:
            torch.cuda.current_stream(self._device).wait_stream(self._stream)

    def record(self, function: Callable[[Tensor], None], example: Tensor) -> Callable[[Tensor], None]:
        """Return a callable that runs the function on tensors like the example.

        On CUDA this also calls the function a few times. The function must not read numbers from the device, and what
        it changes must keep its place in memory.
        """
        if self._stream is None:
            return function
        with torch.cuda.device(self._device):
            static_input = example.clone()
            with self.in_stream():
                for _ in range(WARM_UP_CALLS):
                    function(static_input)
            self.join()
            graph = self._captured(function, static_input)
        self._pool = self._pool or graph.pool()

        def replay(tensor: Tensor) -> None:
            static_input.copy_(tensor)
            graph.replay()

        return replay

    def _captured(self, function: Callable[[Tensor], None], static_input: Tensor) -> torch.cuda.CUDAGraph:
        graph = torch.cuda.CUDAGraph()
        try:
            # Other threads may use the device meanwhile, so errors are thread-local. After a failed recording torch
            # does not restore the current stream, so the first context does.
            with (
                torch.cuda.stream(torch.cuda.current_stream()),
                torch.cuda.graph(graph, self._pool, self._stream, capture_error_mode="thread_local"),
            ):
                function(static_input)
        except RuntimeError as error:
            if isinstance(error.__context__, torch.OutOfMemoryError):  # the end of the recording hides it
                raise error.__context__ from None
            raise
        return graph
