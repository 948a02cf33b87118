"""The tensors of a pack: what a CUDA graph asks of its steps, and what is read of them."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from packed_fits import DATASET, task
from volopt.packs.shape import PackCapacity, shape_of
from volopt.packs.tensors import PackedNetwork
from volopt.training.fit import every_split
from volopt.training.task import Task
from volopt.windows.split import SPLITS
from volopt.windows.windows import samples

KINDS: list[dict[str, Any]] = [
    {"cell": "RNN"},
    {"cell": "LSTM", "batch_size": 16},
    {"cell": "GRU", "batch_size": 16, "num_layers": 2, "dropout": 0.3},
    {"cell": "GRU", "loss": "huber", "head_outputs": 5},
]


def network(given: list[Task], device: str = "cpu") -> PackedNetwork:
    """The slots for some tasks, with samples on a device."""
    real = every_split(DATASET, 4, "cpu")
    shape = shape_of(given[0], real)
    assert shape is not None
    like = {split: samples(DATASET, split, 4, device) for split in SPLITS}
    made = PackedNetwork(replace(shape, device=device), PackCapacity.of(given), like)
    for slot, each in enumerate(given):
        data = {split: samples(DATASET, split, each.config.window, device) for split in SPLITS}
        made.put(slot, each.config, each.seed, data, torch.zeros(4, made.layout.size), 0.0)
    return made


def work(made: PackedNetwork) -> None:
    """All that is recorded of an epoch."""
    for rows in torch.split(made._order, max(made._shape.sizes), dim=1):
        made._steps[rows.shape[1]](rows)
    for rows in made._valid_rows:
        made._scores[rows.shape[1]](rows)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_reads_no_number_and_all_of_it_is_on_the_device(kind: dict[str, Any]) -> None:
    """As a CUDA graph demands; tensors of the device "meta" have no numbers, and do not go with those of the CPU."""
    made = network([task(**kind), task(**(kind | {"window": 6, "hidden_size": 5}))], "meta")
    work(made)
    with pytest.raises(RuntimeError, match="meta"):
        made.losses()


@pytest.mark.parametrize("kind", KINDS)
def test_what_an_epoch_leaves_stays_where_it_was_in_memory(kind: dict[str, Any]) -> None:
    """Since a recording writes where it wrote the first time."""
    made = network([task(**kind), task(seed=1, **kind)])

    def places() -> dict[str, int]:
        found = vars(made) | vars(made._adam) | vars(made._model) | made._model.parameters
        return {name: value.data_ptr() for name, value in found.items() if isinstance(value, Tensor)}

    before = places()
    made.launch()
    made.keep_best([0, 1])
    assert places() == before
    assert {"rows", "first", "second", "steps", "_best", "_gradient", "_forecast", "_losses"} <= before.keys()


def test_what_is_read_of_an_epoch_is_read_once_and_anew_after_the_next() -> None:
    made = network([task(learning_rate=0.1), task(seed=1)])
    made.launch()
    first, (rows, steps) = made.forecast(0).clone(), made.rows(1)
    assert made.rows(1)[0].data_ptr() == rows.data_ptr()
    assert steps == 1.0
    made.launch()
    assert made.rows(1)[1] == 2.0
    assert not torch.equal(made.forecast(0), first)
