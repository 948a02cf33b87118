"""The tensors of a pack: what a CUDA graph demands of its steps, and how results are read."""

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from packed_fits import DATASET, task
from volopt.packs.network import PackedNetwork
from volopt.packs.shape import PackCapacity, shape_of
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


def network(fits: list[Task], device: str = "cpu") -> PackedNetwork:
    """Return a network with some tasks in its slots, on a device."""
    shape = shape_of(fits[0], every_split(DATASET, 4, "cpu"))
    assert shape is not None
    example = {split: samples(DATASET, split, 4, device) for split in SPLITS}
    made = PackedNetwork(replace(shape, device=device), PackCapacity.of(fits), example)
    for slot, fit in enumerate(fits):
        data = {split: samples(DATASET, split, fit.config.window, device) for split in SPLITS}
        made.put(slot, fit, data, torch.zeros(4, made.layout.size), 0.0)
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_reads_no_number_and_stays_on_the_device(kind: dict[str, Any]) -> None:
    """CUDA graphs demand it. Tensors of the device "meta" have no numbers, and do not mix with those of the CPU."""
    made = network([task(**kind), task(**(kind | {"window": 6, "hidden_size": 5}))], "meta")
    for step in made._steps:
        step()
    with pytest.raises(RuntimeError, match="meta"):
        made.losses()


@pytest.mark.parametrize("kind", KINDS)
def test_the_results_of_an_epoch_keep_their_place_in_memory(kind: dict[str, Any]) -> None:
    """A recorded step writes to the memory of its recording."""
    made = network([task(**kind), task(seed=1, **kind)])

    def addresses() -> dict[str, int]:
        values = vars(made) | vars(made._adam) | vars(made._model) | made._model.parameters
        return {name: value.data_ptr() for name, value in values.items() if isinstance(value, Tensor)}

    expected = addresses()
    made.launch()
    made.keep_best([0, 1])
    assert addresses() == expected
    assert {"rows", "first", "second", "steps", "_best", "_gradient", "_forecast", "_losses"} <= expected.keys()


def test_a_result_is_read_once_per_epoch() -> None:
    made = network([task(learning_rate=0.1), task(seed=1)])
    made.launch()
    forecast, (rows, updates) = made.result(0).valid_forecast.clone(), made.rows(1)
    assert made.rows(1)[0].data_ptr() == rows.data_ptr()
    assert updates == 1.0
    made.launch()
    assert made.rows(1)[1] == 2.0
    assert not torch.equal(made.result(0).valid_forecast, forecast)
