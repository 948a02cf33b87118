"""Recorded functions are called as they are on the CPU, and replayed on CUDA."""

from functools import partial

import pytest
import torch
from torch import Tensor

from volopt.packs.cuda_graphs import WARM_UP_CALLS, GraphRecorder


def _add(total: Tensor, values: Tensor) -> None:
    total += values


def _add_squares(total: Tensor, values: Tensor) -> None:
    total += values * values


def test_on_the_cpu_a_function_runs_only_when_it_is_called() -> None:
    total, values = torch.zeros(2), torch.tensor([1.0, 3.0])
    add = GraphRecorder("cpu").record(partial(_add, total), values)
    assert not total.any()
    add(values)
    add(2 * values)
    assert total.tolist() == [3.0, 9.0]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")
def test_on_cuda_functions_are_replayed_on_their_arguments() -> None:
    total, values = torch.zeros(2, device="cuda"), torch.tensor([1.0, 3.0], device="cuda")
    recorder = GraphRecorder("cuda")
    add, add_squares = (recorder.record(partial(function, total), values) for function in (_add, _add_squares))
    assert total.tolist() == [2.0 * WARM_UP_CALLS, 12.0 * WARM_UP_CALLS]
    total.zero_()
    add(2 * values)
    add_squares(values)
    add(values)
    assert total.tolist() == [4.0, 18.0]
    assert values.tolist() == [1.0, 3.0]
