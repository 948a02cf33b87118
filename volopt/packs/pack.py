"""A pack: fits of one shape trained together, each with the numbers of ``training.fit`` within float32's rounding.

Members may differ in seed, window, learning rate, weight decay, dropout, patience, and width up to the pack's. Each is
at its own epoch, joins and leaves between two epochs, and fails alone. A state of a pack is a state of
``training.fit``, in both directions. Only dropout draws other masks than torch's (``packs.dropout``).
"""

from functools import partial

import torch
from torch import Tensor

from volopt.errors import TrainingError
from volopt.packs.layout import WeightLayout
from volopt.packs.network import PackedNetwork
from volopt.packs.shape import Data, PackCapacity, PackShape
from volopt.training.fit import finish
from volopt.training.history import TrainingHistory
from volopt.training.network import seeded
from volopt.training.state import generator_arrays, to_arrays, to_tensors
from volopt.training.task import Arrays, Curves, Fit, State, Task
from volopt.windows.dataset import Dataset

MOMENTS = ("exp_avg", "exp_avg_sq")  # torch's names


class Pack:
    """Train fits of one shape. The caller computes under ``training.device.computing``.

    The example is the samples of any fit of the shape.
    """

    def __init__(self, shape: PackShape, capacity: PackCapacity, dataset: Dataset, example: Data) -> None:
        self.shape, self.capacity, self._periods = shape, capacity, dataset.periods
        self._network = PackedNetwork(shape, capacity, example)
        self._members: dict[int, PackMember] = {}  # by slot

    @property
    def active(self) -> "dict[int, PackMember]":
        """Return the members in training, by slot."""
        return {slot: member for slot, member in self._members.items() if member.paused_state is None}

    def put(self, task: Task, data: Data, state: State | None) -> int:
        """Put a fit into a slot without an active member, and return the slot.

        Args:
            task: a fit of the pack's shape and within its capacity.
            data: the fit's samples.
            state: from which the fit continues, or None to begin. A member that is paused with it stays in its slot.

        Raises:
            KeyError, ValueError: the state is not one of the fit.
        """
        slot = self.paused_slot(state)
        if slot is not None:
            self._members[slot].paused_state = None
            return slot
        slots = set(range(self.capacity.slots))
        slot = min(slots - set(self._members) or slots - set(self.active))
        self._members[slot] = PackMember(self._network, slot, task, self._periods[task.period], data, state)
        return slot

    def paused_slot(self, state: State | None) -> int | None:
        """Return the slot of the member that is paused with this state, or None."""
        members = self._members.items() if state is not None else ()
        return next((slot for slot, member in members if member.paused_state is state), None)

    def drop(self, slot: int) -> None:
        """Empty a slot."""
        self._members.pop(slot, None)

    def launch(self) -> None:
        """Start an epoch of all active members on train, and their forecast of valid; do not wait for the device."""
        self._members = self.active  # training changes the weights in all slots, so paused members are lost
        if self.shape.batch_size != "full":
            for member in self._members.values():
                member.shuffle()
        self._network.launch()

    def collect(self) -> None:
        """Wait for the launched epoch, and add its losses to the members' histories."""
        train, valid = self._network.losses()
        best = [slot for slot, member in self._members.items() if member.add_losses(train[slot], valid[slot])]
        self._network.keep_best(best)

    def train_one_epoch(self) -> None:
        """Launch an epoch and collect its losses."""
        self.launch()
        self.collect()

    def progress(self, slot: int) -> State | Fit:
        """Return the fit of a finished member, which leaves its slot, or the state of another one, which is paused."""
        member = self._members[slot]
        state = member.state()
        if member.history.finished:
            self.drop(slot)
            return finish(member.task, self._periods[member.task.period], state, member.data)
        member.paused_state = state
        return state


class PackMember:
    """Hold one fit of a pack, except its tensors."""

    def __init__(
        self, network: PackedNetwork, slot: int, task: Task, dataset: Dataset, data: Data, state: State | None
    ) -> None:
        if state is None:  # begin with the weights and generators that the fit has alone
            weights = seeded(task, data["train"]).state_dict()
            arrays = to_arrays("weights", weights) | generator_arrays(task.device)
        else:
            arrays = state.arrays
        self._network, self._slot, self.task, self.data = network, slot, task, data
        self.history = TrainingHistory(task, dataset, data["valid"], Curves.from_arrays(arrays))
        self.error: TrainingError | None = None
        self.paused_state: State | None = None  # not None: the member is paused, and continues only from this state
        self._generator = torch.Generator()  # of the order of batches
        self._generator.set_state(to_tensors("generator", arrays)["cpu"])
        # A pack draws nothing from the CUDA generator, so its state stays as it was.
        self._cuda_generator = {name: value for name, value in arrays.items() if name == "generator.cuda"}
        self._has_best = any(name.startswith("best.") for name in arrays)
        network.put(slot, task, data, *_rows(network.layout, arrays, task.config.hidden_size))

    def shuffle(self) -> None:
        """Draw the order of the train samples in the next epoch."""
        self._network.order[self._slot] = torch.randperm(len(self.data["train"]), generator=self._generator)

    def add_losses(self, train: float, valid: float) -> bool:
        """Add the losses of an epoch, and return whether its weights are the best so far and should be kept.

        ``error`` then holds the error of a fit that fails.
        """
        try:
            is_best = self.history.add(train, valid, partial(self._network.result, self._slot))
        except TrainingError as error:
            self.error = error
            return False
        self._has_best |= is_best
        return is_best

    def state(self) -> State:
        """Return the state from which the fit continues, in a pack or alone."""
        layout, (rows, updates) = self._network.layout, self._network.rows(self._slot)
        weights, first, second, best = (layout.values(row, self.task.config.hidden_size) for row in rows)
        arrays = to_arrays("weights", weights) | (to_arrays("best", best) if self._has_best else {})
        for index, name in enumerate(layout.names):
            values = (torch.tensor(updates), first[name], second[name])
            arrays |= to_arrays(f"optimizer.{index}", dict(zip(("step", *MOMENTS), values, strict=True)))
        arrays |= to_arrays("generator", {"cpu": self._generator.get_state()}) | self._cuda_generator
        return State(self.history.epoch, arrays=arrays | self.history.curves.to_arrays())


def _rows(layout: WeightLayout, arrays: Arrays, hidden_size: int) -> tuple[Tensor, float]:
    """Return a state's rows, shape (4, size), and its number of updates, as ``PackedNetwork.put`` takes them."""
    optimizer = {name: to_tensors(f"optimizer.{index}", arrays) for index, name in enumerate(layout.names)}
    first, second = ({name: values[kind] for name, values in optimizer.items() if values} for kind in MOMENTS)
    kinds = [to_tensors("weights", arrays), first, second, to_tensors("best", arrays)]
    rows = [layout.row(kind, hidden_size) if kind else torch.zeros(layout.size) for kind in kinds]
    return torch.stack(rows), float(optimizer["head.bias"].get("step", 0.0))
