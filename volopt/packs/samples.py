"""The samples of all members of a pack, with windows of different lengths aligned to the right."""

import torch
from torch import Tensor

from volopt.windows.windows import Samples


class PackedSamples:
    """Hold the samples of each slot. Samples are replaced in place: the memory stays the same.

    Args:
        example: samples of any window of the same split.
        slots: number of members.
        window: days of the longest window.
    """

    def __init__(self, example: Samples, slots: int, window: int) -> None:
        device, count, days = example.targets.device, len(example), _days(example)
        self._anchored_feature = example.anchored_feature
        # A longer window begins earlier: it adds days before the first target of each series.
        rows = len(days) + len(example.counts) * (window - example.windows.shape[1])
        self._days = days.new_zeros(slots, rows, example.features)
        self._target_rows = torch.full((slots, count), window, device=device)
        self._shift = example.targets.new_zeros(slots, count)  # 0 without an anchor
        self._targets = example.targets.new_zeros(slots, count)
        self.window_mask = example.targets.new_ones(slots, window)  # 1 on the days of a member's window
        self._offsets = torch.arange(-window, 0, device=device)[:, None]  # from the target day
        self._first_rows = torch.arange(slots, device=device)[:, None, None] * rows
        self._is_anchored = torch.zeros(example.features, device=device)
        if self._anchored_feature is not None:
            self._is_anchored[self._anchored_feature] = 1

    def put(self, slot: int, samples: Samples) -> None:
        """Replace the samples of a slot."""
        window, days = samples.windows.shape[1], _days(samples)
        self._days[slot, : len(days)].copy_(days)
        self._target_rows[slot].copy_(samples.starts + window)
        self._targets[slot].copy_(samples.targets)
        if samples.shift is not None:
            self._shift[slot].copy_(samples.shift)
        self.window_mask[slot].copy_(self._offsets[:, 0] >= -window)

    def inputs(self, rows: Tensor) -> Tensor:
        """Return the scaled inputs of some samples of each slot, shape (slots, window, batch, features).

        Args:
            rows: shape (slots, batch).
        """
        target_rows = self._target_rows.gather(1, rows)
        days = (target_rows[:, None, :] + self._offsets).clamp_min_(0)  # days before a member's window are masked
        inputs = self._days.flatten(0, 1)[days + self._first_rows]
        if self._anchored_feature is None:
            return inputs
        return inputs - self._shift.gather(1, rows)[:, None, :, None] * self._is_anchored

    def targets(self, rows: Tensor) -> Tensor:
        """Return the scaled targets of some samples of each slot, shape (slots, batch)."""
        return self._targets.gather(1, rows)


def _days(samples: Samples) -> Tensor:
    """Return the days that the windows are views of, shape (days, features)."""
    return torch.cat([samples.windows[:, 0], samples.windows[-1, 1:]])
