"""What is recorded is done: as it is said on the CPU, replayed on CUDA."""

from functools import partial

import pytest
import torch
from torch import Tensor

from volopt.packs.cuda_graphs import WARM_UP, GraphRecorder


def _add(total: Tensor, given: Tensor) -> None:
    total += given


def _square(total: Tensor, given: Tensor) -> None:
    total += given * given


def test_on_the_cpu_work_is_done_when_it_is_called_and_not_before() -> None:
    total, given = torch.zeros(2), torch.tensor([1.0, 3.0])
    work = GraphRecorder("cpu")(partial(_add, total), given)
    assert not total.any()
    work(given)
    work(2 * given)
    assert total.tolist() == [3.0, 9.0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_cuda_works_are_replayed_on_what_they_are_given() -> None:
    total, given = torch.zeros(2, device="cuda"), torch.tensor([1.0, 3.0], device="cuda")
    record = GraphRecorder("cuda")
    add, square = (record(partial(work, total), given) for work in (_add, _square))
    assert total.tolist() == [2.0 * WARM_UP, 12.0 * WARM_UP]
    total.zero_()
    add(2 * given)
    square(given)
    add(given)
    assert total.tolist() == [4.0, 18.0]
    assert given.tolist() == [1.0, 3.0]
