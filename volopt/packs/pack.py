"""A pack: fits of one shape trained side by side, each with the numbers of ``training.fit`` within float32's rounding.

Members may differ in seed, window, learning rate, weight decay, dropout, patience, and width up to the pack's. They
stand at epochs of their own, come and go between two epochs, and fail alone. A state of a pack is a state of
``training.fit``, and the other way round. Only dropout draws other masks than torch's (``packs.dropout``).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from volopt.errors import TrainingError
from volopt.packs.member import PackMember, begun, rows_of
from volopt.packs.shape import Data, PackCapacity, PackShape
from volopt.packs.tensors import PackedNetwork
from volopt.training.curves import Curves
from volopt.training.fit import finish
from volopt.training.progress import Progress
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset


class Pack:
    """Room for fits of one shape. Its caller computes under ``training.device.computing``.

    Args:
        shape: of its members.
        room: for how many, and of which sizes.
        dataset: the study's data.
        like: the samples of any fit of the shape.
    """

    def __init__(self, shape: PackShape, room: PackCapacity, dataset: Dataset, like: Data) -> None:
        self.shape, self.room, self._dataset = shape, room, dataset
        self._network = PackedNetwork(shape, room, like)
        self._members: dict[int, PackMember] = {}  # by slot

    @property
    def active(self) -> dict[int, PackMember]:
        """Return the members that are being trained, by slot."""
        return {slot: member for slot, member in self._members.items() if member.rests_with is None}

    def put(self, task: Task, data: Data, state: State | None) -> int:
        """Have a fit go on from its state, in a slot that no active member has, and return the slot.

        Args:
            task: a fit of the pack's shape, for which it has room.
            data: the fit's samples.
            state: to go on from, or None to begin; one that the pack gave after its last epoch is still in its slot.
        """
        for slot, member in self._members.items():
            if state is not None and member.rests_with is state:
                member.rests_with = None
                return slot
        arrays = state.arrays if state else begun(task, self.shape.features)
        rows, steps = rows_of(self._network.layout, arrays, task.config.hidden_size)
        slot = self._vacant()
        self._network.put(slot, task.config, task.seed, data, rows, steps)
        self._members[slot] = PackMember.of(task, self._dataset, data, arrays)
        return slot

    def has(self, state: State | None) -> bool:
        """Return whether a member rests with this state in a slot."""
        return state is not None and any(member.rests_with is state for member in self._members.values())

    def drop(self, slot: int) -> None:
        """Empty a slot."""
        self._members.pop(slot, None)

    def launch(self) -> None:
        """Begin to go through train once, and to score valid, for all active members."""
        self._members = self.active  # the weights of those that rest move on
        if self.shape.batch_size != "full":
            for slot, member in self._members.items():
                self._network.order[slot] = torch.randperm(self.shape.train, generator=member.order)
        self._network.launch()

    def collect(self) -> None:
        """Wait for what was launched, and note what came of it; what a member fails of stands in its ``error``."""
        train, valid = self._network.losses()
        best = []
        for slot, member in self._members.items():
            try:
                if member.course.note(train[slot], valid[slot], _MemberLearner(self._network, slot)):
                    best.append(slot)
                    member.has_best = True
            except TrainingError as error:
                member.error = error
        self._network.keep_best(best)

    def train_one_epoch(self) -> None:
        """Launch and collect."""
        self.launch()
        self.collect()

    def progress(self, slot: int) -> Progress:
        """Return how far a member has come, which leaves a finished one's slot empty and has another one rest."""
        member = self._members[slot]
        state = member.state(self._network.layout, *self._network.rows(slot))
        curves = Curves.from_arrays(state.arrays)
        if member.course.finished:
            self.drop(slot)
            return Progress(curves, fit=finish(member.task, self._dataset, state, member.data))
        member.rests_with = state
        return Progress(curves, state=state)

    def _vacant(self) -> int:
        empty = [slot for slot in range(self.room.slots) if slot not in self._members]
        resting = [slot for slot, member in self._members.items() if member.rests_with is not None]
        return (empty + resting)[0]


@dataclass(frozen=True)
class _MemberLearner:
    """What the course of a member asks of its network."""

    network: PackedNetwork
    slot: int

    def valid_forecast(self) -> Tensor:
        return self.network.forecast(self.slot)

    def weights_are_finite(self) -> bool:
        return self.network.is_finite(self.slot)

    def layer_gradient_norms(self) -> list[float]:
        return self.network.gradient_norms(self.slot)
