"""Which fits may share a pack, and which fit into one."""

from typing import Any

import pytest
import torch

from packed_fits import DATASET, task
from volopt.packs.shape import PackCapacity, PackShape, shape_of
from volopt.training.fit import every_split
from volopt.training.task import Task


def shape(fit: Task) -> PackShape | None:
    return shape_of(fit, every_split(DATASET, fit.config.window, "cpu"))


@pytest.mark.parametrize(
    "changes",
    [
        {"seed": 1}, {"window": 6}, {"learning_rate": 0.1}, {"optimizer": "adamw", "weight_decay": 0.1},
        {"dropout": 0.5}, {"hidden_size": 16}, {"early_stopping": 3}, {"epochs": 50},
    ],
)  # fmt: skip
def test_fits_with_this_difference_may_share_a_pack(changes: dict[str, Any]) -> None:
    assert shape(task(**changes)) == shape(task())


@pytest.mark.parametrize(
    "changes",
    [
        {"cell": "GRU"}, {"num_layers": 2}, {"batch_size": 16}, {"loss": "huber"}, {"head_outputs": 5},
        {"hidden_size": 17},
    ],
)  # fmt: skip
def test_fits_with_this_difference_may_not_share_a_pack(changes: dict[str, Any]) -> None:
    assert shape(task(**changes)) not in (None, shape(task()))


def test_batch_norm_and_tasks_that_are_not_packed_have_no_shape() -> None:
    assert shape(task(batch_norm=True)) is None
    assert shape(Task(task().config, 0, 20, None, "valid_mse")) is None


@pytest.mark.parametrize(("hidden_size", "width"), [(1, 16), (16, 16), (17, 32), (64, 64), (65, 65), (250, 250)])
def test_small_networks_share_widths_and_large_ones_do_not(hidden_size: int, width: int) -> None:
    made = shape(task(hidden_size=hidden_size))
    assert made is not None
    assert made.hidden_size == width


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [("full", [85]), (16, [16] * 5 + [5]), (17, [17] * 5), (85, [85]), (1000, [85])]
)
def test_batches_are_those_of_an_epoch(batch_size: int | str, sizes: list[int]) -> None:
    made = shape(task(batch_size=batch_size))
    assert made is not None
    assert made.train == 85
    assert [len(batch) for batch in torch.arange(85).split(made.max_batch)] == sizes


def test_smaller_fits_fit_into_a_pack_and_larger_ones_do_not() -> None:
    capacity = PackCapacity.of([task(window=6), task(hidden_size=5, window=3)])
    assert capacity == PackCapacity(2, 5, 6, has_shorter_windows=True, has_dropout=False)
    assert capacity.fits(task(window=2))
    assert not capacity.fits(task(window=7))
    assert not capacity.fits(task(hidden_size=6))


def test_other_windows_and_dropout_fit_only_into_a_pack_that_was_made_for_them() -> None:
    capacity = PackCapacity.of([task(num_layers=2), task(num_layers=2, seed=1)])
    assert (capacity.has_shorter_windows, capacity.has_dropout) == (False, False)
    assert not capacity.fits(task(num_layers=2, window=3))
    assert not capacity.fits(task(num_layers=2, dropout=0.1))
    assert capacity.fits(task(num_layers=2, learning_rate=0.1))
    assert PackCapacity.of([task(num_layers=2, dropout=0.1)]).has_dropout
    assert not PackCapacity.of([task(dropout=0.1)]).has_dropout  # it has no effect on a single layer
