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
OF_TASK = ("seed", "epochs", "early_stopping", "loss", "head_outputs", "device", "precision")


def task(**changes: Any) -> Task:
    """The first seed's task of the small definition, packed and of 20 epochs, with some of its values changed."""
    (base, *_) = tasks(builders.definition(training={"epochs": 20}), {}, "cpu", "highest", packed=True)
    own = {name: changes.pop(name) for name in list(changes) if name in OF_TASK}
    return replace(base, config=replace(base.config, **changes), **own)


def pack_of(given: Sequence[Task], dataset: Dataset = DATASET, slots: int | None = None) -> Pack:
    """An empty pack with room for the tasks."""
    data = every_split(dataset, given[0].config.window, given[0].device)
    shape = shape_of(given[0], data)
    assert shape is not None
    room = PackCapacity.of(given)
    return Pack(shape, replace(room, slots=slots or room.slots), dataset, data)


def seat(pack: Pack, given: Task, state: State | None = None, dataset: Dataset = DATASET) -> int:
    """Put a task into a pack and return its slot."""
    return pack.put(given, every_split(dataset, given.config.window, given.device), state)


def through(
    given: Sequence[Task], states: Sequence[State] | None = None, dataset: Dataset = DATASET
) -> list[Fit | TrainingError]:
    """Train tasks in one pack, each to its end."""
    return computing(lambda: _through(given, states, dataset), given[0].device)


def _through(given: Sequence[Task], states: Sequence[State] | None, dataset: Dataset) -> list[Fit | TrainingError]:
    pack = pack_of(given, dataset)
    slots = [seat(pack, each, state, dataset) for each, state in zip(given, states or [None] * len(given), strict=True)]
    ends: dict[int, Fit | TrainingError] = {}
    while pack.active:
        pack.train_one_epoch()
        for slot, member in pack.active.items():
            if member.error is not None:
                ends[slot] = member.error
                pack.drop(slot)
            elif member.course.finished:
                fit = pack.progress(slot).fit
                assert fit is not None
                ends[slot] = fit
    return [ends[slot] for slot in slots]
