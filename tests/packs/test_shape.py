"""Who may stand beside whom."""

from typing import Any

import pytest

from packed_fits import DATASET, task
from volopt.packs.shape import PackCapacity, PackShape, shape_of
from volopt.training.fit import every_split
from volopt.training.task import Task


def shape(given: Task) -> PackShape | None:
    return shape_of(given, every_split(DATASET, given.config.window, "cpu"))


@pytest.mark.parametrize(
    "own",
    [
        {"seed": 1}, {"window": 6}, {"learning_rate": 0.1}, {"optimizer": "adamw", "weight_decay": 0.1},
        {"dropout": 0.5}, {"hidden_size": 16}, {"early_stopping": 3}, {"epochs": 50},
    ],
)  # fmt: skip
def test_fits_that_differ_in_this_may_share_a_pack(own: dict[str, Any]) -> None:
    assert shape(task(**own)) == shape(task())


@pytest.mark.parametrize(
    "own",
    [
        {"cell": "GRU"}, {"num_layers": 2}, {"batch_size": 16}, {"loss": "huber"}, {"head_outputs": 5},
        {"hidden_size": 17},
    ],
)  # fmt: skip
def test_fits_that_differ_in_this_may_not(own: dict[str, Any]) -> None:
    assert shape(task(**own)) not in (None, shape(task()))


def test_batch_norm_and_what_is_not_to_be_packed_has_no_shape() -> None:
    given = task(batch_norm=True)
    assert shape(given) is None
    assert shape(Task(task().config, 0, 20, None, "valid_mse")) is None


@pytest.mark.parametrize(("hidden_size", "width"), [(1, 16), (16, 16), (17, 32), (64, 64), (65, 65), (250, 250)])
def test_small_networks_share_widths_and_large_ones_do_not(hidden_size: int, width: int) -> None:
    found = shape(task(hidden_size=hidden_size))
    assert found is not None
    assert found.hidden_size == width


@pytest.mark.parametrize(
    ("batch_size", "sizes"), [("full", [85]), (16, [16] * 5 + [5]), (17, [17] * 5), (85, [85]), (1000, [85])]
)
def test_batches_are_those_of_an_epoch(batch_size: int | str, sizes: list[int]) -> None:
    found = shape(task(batch_size=batch_size))
    assert found is not None
    assert found.train == 85
    assert found.sizes == sizes


def test_a_room_holds_what_it_was_made_for_and_what_is_no_larger() -> None:
    mixed = PackCapacity.of([task(window=6), task(hidden_size=5, window=3)])
    assert mixed == PackCapacity(2, 5, 6, mixed=True, drops=False)
    assert mixed.holds(task(window=2))
    assert not mixed.holds(task(window=7))
    assert not mixed.holds(task(hidden_size=6))


def test_a_room_of_one_window_holds_no_other_and_one_without_dropout_no_dropout() -> None:
    room = PackCapacity.of([task(num_layers=2), task(num_layers=2, seed=1)])
    assert (room.mixed, room.drops) == (False, False)
    assert not room.holds(task(num_layers=2, window=3))
    assert not room.holds(task(num_layers=2, dropout=0.1))
    assert room.holds(task(num_layers=2, learning_rate=0.1))
    assert PackCapacity.of([task(num_layers=2, dropout=0.1)]).drops
    assert not PackCapacity.of([task(dropout=0.1)]).drops  # of a single layer it has no effect
