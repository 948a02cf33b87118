"""The samples of several trials side by side, windows of different lengths aligned to the right."""

import torch
from torch import Tensor

from volopt.windows.windows import Samples


class PackedSamples:
    """Room for the samples of ``members``, each with as many as ``like``; members change, the memory stays.

    Args:
        like: samples of any window of the same split.
        members: how many.
        length: days of the longest window.
    """

    def __init__(self, like: Samples, members: int, length: int) -> None:
        device, count = like.targets.device, len(like)
        days = _days(like)
        self.length, self._feature = length, like.anchored_feature
        # Each series of a longer window reaches back by as many days more.
        room = len(days) + like.parts * (length - like.windows.shape[1])
        self._days = days.new_zeros(members, room, like.features)
        self._ends = torch.full((members, count), length, device=device)  # rows of the target days
        self._shift = like.targets.new_zeros(members, count)  # 0 where nothing is anchored
        self._targets = like.targets.new_zeros(members, count)
        self.alive = like.targets.new_ones(members, length)  # 1 on the days of a member's window
        self._back = torch.arange(-length, 0, device=device)[:, None]
        self._members = torch.arange(members, device=device)[:, None, None] * room
        self._anchored = torch.zeros(like.features, device=device)
        if self._feature is not None:
            self._anchored[self._feature] = 1

    def put(self, member: int, samples: Samples) -> None:
        """Give a member its samples."""
        window = samples.windows.shape[1]
        days = _days(samples)
        self._days[member, : len(days)].copy_(days)
        self._ends[member].copy_(samples.starts + window)
        self._targets[member].copy_(samples.targets)
        if samples.shift is not None:
            self._shift[member].copy_(samples.shift)
        self.alive[member].copy_(torch.arange(self.length, device=self.alive.device) >= self.length - window)

    def inputs(self, rows: Tensor) -> Tensor:
        """Return the scaled inputs of some samples of each member, shape (members, length, batch, features).

        Args:
            rows: shape (members, batch).
        """
        ends = self._ends.gather(1, rows)
        days = (ends[:, None, :] + self._back).clamp_min_(0)  # before a member's window stands any day: none is seen
        chosen = self._days.flatten(0, 1)[days + self._members]
        if self._feature is None:
            return chosen
        return chosen - self._shift.gather(1, rows)[:, None, :, None] * self._anchored

    def targets(self, rows: Tensor) -> Tensor:
        """Return the scaled targets of some samples of each member, shape (members, batch)."""
        return self._targets.gather(1, rows)


def _days(samples: Samples) -> Tensor:
    """Return the days that the windows are a view on, shape (days, features)."""
    return torch.cat([samples.windows[:, 0], samples.windows[-1, 1:]])
