"""Tasks for packs, and a pack that trains them to their end."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import builders
from volopt.errors import TrainingError
from volopt.packs.pack import Pack
from volopt.packs.shape import PackCapacity, shape_of
from volopt.training.device import computing
from volopt.training.fit import every_split
from volopt.training.task import Fit, State, Task, tasks
from volopt.windows.dataset import Dataset

DATASET = builders.dataset(builders.definition())
TASK_FIELDS = ("seed", "epochs", "early_stopping", "loss", "head_outputs", "device", "precision", "period")


def task(**changes: Any) -> Task:
    """Return a task of the small definition, packed and with 20 epochs, with some of its values changed."""
    base = tasks(builders.definition(training={"epochs": 20}), {}, "cpu", "highest", packed=True)[0]
    task_changes = {name: changes.pop(name) for name in list(changes) if name in TASK_FIELDS}
    return replace(base, config=replace(base.config, **changes), **task_changes)


def pack_of(fits: Sequence[Task], dataset: Dataset = DATASET) -> Pack:
    """Return an empty pack with the capacity for some tasks."""
    data = every_split(dataset, fits[0].config.window, fits[0].device)
    shape = shape_of(fits[0], data)
    assert shape is not None
    return Pack(shape, PackCapacity.of(fits), dataset, data)


def put(pack: Pack, fit: Task, state: State | None = None, dataset: Dataset = DATASET) -> int:
    """Put a task into a pack and return its slot."""
    return pack.put(fit, every_split(dataset, fit.config.window, fit.device), state)


def train_in_pack(
    fits: Sequence[Task], states: Sequence[State] | None = None, dataset: Dataset = DATASET
) -> list[Fit | TrainingError]:
    """Train tasks in one pack, each to its end."""
    return computing(lambda: _train_in_pack(fits, states, dataset), fits[0].device)


def _train_in_pack(fits: Sequence[Task], states: Sequence[State] | None, dataset: Dataset) -> list[Fit | TrainingError]:
    pack = pack_of(fits, dataset)
    slots = [put(pack, fit, state, dataset) for fit, state in zip(fits, states or [None] * len(fits), strict=True)]
    results: dict[int, Fit | TrainingError] = {}
    while pack.active:
        pack.train_one_epoch()
        for slot, member in pack.active.items():
            if member.error is not None:
                results[slot] = member.error
                pack.drop(slot)
            elif member.history.finished:
                fit = pack.progress(slot)
                assert isinstance(fit, Fit)
                results[slot] = fit
    return [results[slot] for slot in slots]
