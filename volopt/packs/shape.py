"""The shape that the fits of a pack share, and the capacity of a pack."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from volopt.models.recurrent import Recurrent
from volopt.packs.layout import WeightLayout
from volopt.training.task import Config, Task, is_packable
from volopt.windows.split import Split
from volopt.windows.windows import Samples

Data = Mapping[Split, Samples]  # of every split
# Units. Fits up to MIN_WIDTH share that width, and fits up to MAX_SHARED_WIDTH the next power of two. Wider fits share
# a pack only with fits of their own width. On a GPU unused units cost less than another pack.
MIN_WIDTH = {"cpu": 16, "cuda": 64}
MAX_SHARED_WIDTH = 64


@dataclass(frozen=True)
class PackShape:
    """Hold what the fits of a pack share: the network except its exact width, the training step, and the data size."""

    cell: str
    hidden_size: int  # the largest
    num_layers: int
    batch_size: int | str
    loss: str
    head_outputs: int
    device: str
    precision: str
    parts: int  # series with train samples
    features: int
    train: int  # samples
    valid: int

    @property
    def max_batch(self) -> int:
        """Return the samples of each batch of an epoch; the last batch may have fewer."""
        return self.train if self.batch_size == "full" else min(int(self.batch_size), self.train)

    def layout(self, hidden_size: int) -> WeightLayout:
        """Return the layout of the weights of networks with up to ``hidden_size`` units."""
        with torch.device("meta"):  # only the shapes are needed
            model = Recurrent(
                self.cell,
                features=self.features,
                hidden_size=hidden_size,
                num_layers=self.num_layers,
                head_outputs=self.head_outputs,
            )
        return WeightLayout(model)


def shape_of(task: Task, data: Data) -> PackShape | None:
    """Return the shape of the packs that can train a fit, or None if it has to be trained alone."""
    config, train = task.config, data["train"]
    if not task.packed or not is_packable(task):
        return None
    return PackShape(
        config.cell, _shared_width(config.hidden_size, task.device), config.num_layers, config.batch_size,
        task.loss, task.head_outputs, task.device, task.precision,
        len(train.counts), train.features, len(train), len(data["valid"]),
    )  # fmt: skip


def _shared_width(hidden_size: int, device: str) -> int:
    if hidden_size > MAX_SHARED_WIDTH:
        return hidden_size
    return max(MIN_WIDTH[device.partition(":")[0]], 1 << (hidden_size - 1).bit_length())


@dataclass(frozen=True)
class PackCapacity:
    """Hold the size of a pack.

    Without shorter windows no mask is computed, and without dropout no random numbers.
    """

    slots: int
    hidden_size: int
    window: int
    has_shorter_windows: bool
    has_dropout: bool

    @classmethod
    def of(cls, tasks: Sequence[Task]) -> "PackCapacity":
        """Return the capacity for these tasks, each in a slot."""
        configs = [task.config for task in tasks]
        window = max(config.window for config in configs)
        width = max(config.hidden_size for config in configs)
        has_shorter_windows = any(config.window < window for config in configs)
        return cls(len(tasks), width, window, has_shorter_windows, any(map(_has_dropout, configs)))

    def fits(self, task: Task) -> bool:
        """Return whether a task of the pack's shape fits into a slot."""
        config = task.config
        window_fits = config.window == self.window or (self.has_shorter_windows and config.window < self.window)
        dropout_fits = self.has_dropout or not _has_dropout(config)
        return window_fits and dropout_fits and config.hidden_size <= self.hidden_size


def _has_dropout(config: Config) -> bool:
    return config.num_layers > 1 and config.dropout > 0
