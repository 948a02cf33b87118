"""Which fits may stand in one pack, and what room they need there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from volopt.training.task import Task, is_packable
from volopt.windows.split import Split
from volopt.windows.windows import Samples

Data = Mapping[Split, Samples]  # of every split
# Units. Fits of other widths up to the narrowest are packed as if they had it; past the widest each width stands alone.
# On a GPU units that are not there cost less than another pack does.
NARROWEST, WIDEST = {"cpu": 16, "cuda": 64}, 64


@dataclass(frozen=True)
class PackShape:
    """What the members of a pack share: the network but for its exact width, the training step, and the data's size."""

    cell: str
    hidden_size: int  # the widest
    num_layers: int
    batch_size: int | str
    loss: str
    head_outputs: int
    device: str
    precision: str
    parts: int  # series that have train samples
    features: int
    train: int  # samples
    valid: int

    @property
    def sizes(self) -> list[int]:
        """Return the size of each batch of an epoch."""
        if self.batch_size == "full":
            return [self.train]
        whole, rest = divmod(self.train, int(self.batch_size))
        return [int(self.batch_size)] * whole + ([rest] if rest else [])


def shape_of(task: Task, data: Data) -> PackShape | None:
    """Return the shape of the packs that can hold a fit, or None where it is to be trained by itself."""
    config, train = task.config, data["train"]
    if not task.packed or not is_packable(config):
        return None
    return PackShape(
        cell=config.cell,
        hidden_size=_width(config.hidden_size, task.device),
        num_layers=config.num_layers,
        batch_size=config.batch_size,
        loss=task.loss,
        head_outputs=task.head_outputs,
        device=task.device,
        precision=task.precision,
        parts=train.parts,
        features=train.features,
        train=len(train),
        valid=len(data["valid"]),
    )


def _width(hidden_size: int, device: str) -> int:
    """Return the next power of two, from ``NARROWEST`` on, or the width itself past ``WIDEST``."""
    if hidden_size > WIDEST:
        return hidden_size
    return max(NARROWEST[device.partition(":")[0]], 1 << (hidden_size - 1).bit_length())


@dataclass(frozen=True)
class PackCapacity:
    """What a pack has room for.

    A pack whose members all have its window need not ask on which days they begin, and one without dropout draws none.
    """

    slots: int
    hidden_size: int
    window: int
    mixed: bool  # whether shorter windows are welcome
    drops: bool  # whether dropout is

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> "PackCapacity":
        """Return the room that these tasks need, a slot each."""
        configs = [task.config for task in tasks]
        window = max(config.window for config in configs)
        return cls(
            slots=len(tasks),
            hidden_size=max(config.hidden_size for config in configs),
            window=window,
            mixed=any(config.window != window for config in configs),
            drops=any(map(_drops, tasks)),
        )

    def holds(self, task: Task) -> bool:
        """Return whether a task of the pack's shape finds room, where a slot is free."""
        window = task.config.window
        fits = window == self.window or (self.mixed and window < self.window)
        return fits and task.config.hidden_size <= self.hidden_size and (self.drops or not _drops(task))


def _drops(task: Task) -> bool:
    return task.config.num_layers > 1 and task.config.dropout > 0
