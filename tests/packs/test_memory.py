"""What a member is estimated to take, against what torch allocates while it is trained."""

import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from packed_fits import pack_of, seat, task
from volopt.packs.memory import free_bytes, member_bytes, most_members
from volopt.packs.pack import Pack
from volopt.training.task import Task

MEMBERS = 3


class Counted(TorchDispatchMode):
    """Counts the bytes of all tensors that are made while it is entered and are alive at the same time."""

    def __init__(self) -> None:
        super().__init__()
        self._alive: dict[int, int] = {}
        self.most = 0

    def __torch_dispatch__(self, function: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = function(*args, **(kwargs or {}))
        for tensor in found if isinstance(found, list | tuple) else [found]:
            if isinstance(tensor, torch.Tensor):
                self._count(tensor.untyped_storage())
        return found

    def _count(self, storage: torch.UntypedStorage) -> None:
        place = storage.data_ptr()
        if place and place not in self._alive:
            self._alive[place] = storage.nbytes()
            weakref.finalize(storage, self._alive.pop, place, None)
            self.most = max(self.most, sum(self._alive.values()))


def counted(given: Task) -> tuple[float, Pack]:
    """Return the bytes a member of a pack takes, and the pack."""
    with Counted() as count:
        pack = pack_of([given] * MEMBERS)
        for _ in range(MEMBERS):
            seat(pack, given)
        pack.train_one_epoch()
    return count.most / MEMBERS, pack


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize(
    "size",
    [
        {"hidden_size": 16, "window": 6},
        {"hidden_size": 64, "window": 6, "num_layers": 3},
        {"hidden_size": 32, "window": 6, "num_layers": 2, "batch_size": 64, "dropout": 0.3},
    ],
)
def test_a_member_takes_no_more_than_estimated_and_not_much_less(cell: str, size: dict[str, Any]) -> None:
    taken, pack = counted(task(cell=cell, **size))
    estimated = member_bytes(pack.shape, pack.room)
    assert 0.4 * estimated < taken < 1.02 * estimated


def test_as_many_members_fit_as_the_free_memory_holds_and_at_least_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pack = pack_of([task()])
    need = member_bytes(pack.shape, pack.room)
    assert need * most_members(pack.shape, pack.room) < free_bytes("cpu")
    for free, most in ((need * 12.6, 10), (0.0, 1)):
        monkeypatch.setattr("volopt.packs.memory.free_bytes", lambda device, free=free: free)
        assert most_members(pack.shape, pack.room) == most


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_a_pack_takes_no_more_of_a_gpu_than_estimated() -> None:
    given = task(cell="LSTM", hidden_size=64, num_layers=2, window=6, device="cuda")
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    pack = pack_of([given] * 64)
    pack.train_one_epoch()
    assert torch.cuda.max_memory_reserved() - before < 64 * member_bytes(pack.shape, pack.room) * 1.5
