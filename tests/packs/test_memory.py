"""The estimated memory of a member, against what torch allocates during training."""

import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from packed_fits import pack_of, put, task
from volopt.packs.memory import free_bytes, max_members, member_bytes
from volopt.packs.pack import Pack
from volopt.training.task import Task

MEMBERS = 3


class AllocationCounter(TorchDispatchMode):
    """Count the bytes of all tensors that are made inside and exist at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._bytes: dict[int, int] = {}  # by address
        self.peak = 0

    def __torch_dispatch__(self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, list | tuple) else [result]:
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return result

    def _count(self, storage: torch.UntypedStorage) -> None:
        address = storage.data_ptr()
        if address and address not in self._bytes:
            self._bytes[address] = storage.nbytes()
            weakref.finalize(storage, self._bytes.pop, address, None)
            self.peak = max(self.peak, sum(self._bytes.values()))


def measured_bytes(fit: Task) -> tuple[float, Pack]:
    """Return the bytes of a member during an epoch, and its pack."""
    with AllocationCounter() as counter:
        pack = pack_of([fit] * MEMBERS)
        for _ in range(MEMBERS):
            put(pack, fit)
        pack.train_one_epoch()
    return counter.peak / MEMBERS, pack


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "size",
    [
        {"hidden_size": 16, "window": 6},
        {"hidden_size": 64, "window": 6, "num_layers": 3},
        {"hidden_size": 32, "window": 6, "num_layers": 2, "batch_size": 64, "dropout": 0.3},
    ],
)
def test_a_member_needs_no_more_memory_than_estimated_and_not_much_less(cell: str, size: dict[str, Any]) -> None:
    measured, pack = measured_bytes(task(cell=cell, **size))
    estimated = member_bytes(pack.shape, pack.capacity)
    assert 0.4 * estimated < measured < 1.02 * estimated


def test_the_free_memory_limits_the_members_but_at_least_one_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    pack = pack_of([task()])
    member = member_bytes(pack.shape, pack.capacity)
    assert member * max_members(pack.shape, pack.capacity) < free_bytes("cpu")
    for free, members in ((member * 12.6, 10), (0.0, 1)):
        monkeypatch.setattr("volopt.packs.memory.free_bytes", lambda device, free=free: free)
        assert max_members(pack.shape, pack.capacity) == members


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_pack_needs_no_more_memory_of_a_gpu_than_estimated() -> None:
    fit = task(cell="LSTM", hidden_size=64, num_layers=2, window=6, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    allocated = torch.cuda.memory_allocated()
    pack = pack_of([fit] * 64)
    pack.train_one_epoch()
    assert torch.cuda.max_memory_reserved() - allocated < 64 * member_bytes(pack.shape, pack.capacity) * 1.5
