"""What is recorded is done: at once on the CPU, replayed on CUDA."""

from functools import partial

import pytest
import torch
from torch import Tensor

from volopt.training.graphs import WARM_UP, Recorder


def _add(count: Tensor) -> None:
    count += 1


def _double(power: Tensor) -> None:
    power *= 2


def test_on_the_cpu_work_is_done_when_it_is_called_and_not_before() -> None:
    count = torch.zeros(1)
    work = Recorder("cpu")(partial(_add, count))
    assert count == 0
    work()
    work()
    assert count == 2


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_cuda_works_are_replayed_on_tensors_that_stay_where_they_are() -> None:
    count, power = torch.zeros(1, device="cuda"), torch.ones(1, device="cuda")
    record = Recorder("cuda")
    add, double = record(partial(_add, count)), record(partial(_double, power))
    assert count.item() == WARM_UP
    for _ in range(3):
        add()
        double()
    assert (count.item(), power.item()) == (WARM_UP + 3, 2.0 ** (WARM_UP + 3))
