"""Dropout whose masks depend only on seed, step, layer and position: the same on every device and in every pack.

Each random number is a hash of the position where it is used (Salmon et al. 2011, "Parallel random numbers: as easy as
1, 2, 3"). A member therefore drops the same units in any pack, also after it continues from a state. These are not the
numbers of torch's own dropout.
"""

import torch
from torch import Tensor

# The 32-bit mixer "lowbias32" of C. Wellons' hash prospector, with a second key between its rounds.
_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B - 2**32
_LARGE, _ODD = 0x9E3779B1, 0x85EBCA77  # odd numbers that spread seeds and steps
BITS = 24  # of each number


class PackedDropout:
    """Apply dropout with a rate and a seed for each member.

    Args:
        window: days of the pack.
        batch: samples of the largest batch.
        hidden_size: units of the pack.
        steps: that each member's training has taken, whole numbers, shape (members, 1); read at each call.
    """

    def __init__(self, window: int, batch: int, hidden_size: int, steps: Tensor) -> None:
        device, self._steps = steps.device, steps
        self.rate = torch.zeros(len(steps), 1, device=device)  # share to drop; 0 changes no bit
        self.seed = torch.zeros(len(steps), 1, dtype=torch.int64, device=device)
        days = torch.arange(window - 1, -1, -1, device=device)  # counted from the last: the same in any longer window
        samples, units = torch.arange(batch, device=device), torch.arange(hidden_size, device=device)
        self._positions = _as_int32(
            days[:, None, None] * 0x10001 + samples[None, :, None] * 0x3779B1 + units * 0x1000193
        )

    def __call__(self, outputs: Tensor, layer: int) -> Tensor:
        """Return a layer's outputs, some of them set to zero, and the others scaled up by 1 / (1 - rate).

        Args:
            outputs: shape (members, window, batch, hidden_size).
            layer: its index.
        """
        rate, seed, step = (values.view(-1, 1, 1, 1) for values in (self.rate, self.seed, self._steps.long()))
        keys = _as_int32(seed * _LARGE + step * _ODD + layer), _as_int32(step * _LARGE + seed)
        first, second = (_hash(key, key, key) for key in keys)
        positions = self._positions[:, : outputs.shape[2]]  # the last batch of an epoch may be smaller
        numbers = (_hash(positions, first, second) >> (32 - BITS)) & (2**BITS - 1)
        scale = torch.where(rate < 1, 1 / (1 - rate), 0.0)
        dropped: Tensor = outputs * ((numbers >= rate * 2**BITS) * scale)
        return dropped


def _as_int32(values: Tensor) -> Tensor:
    """Return the lowest 32 bits of each number."""
    return (((values + 2**31) & (2**32 - 1)) - 2**31).to(torch.int32)


def _hash(values: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return a hash of each value under two keys; the shapes broadcast."""
    x = values + first
    x ^= (x >> 16) & 0xFFFF
    x *= _FIRST
    x ^= second
    x ^= (x >> 15) & 0x1FFFF
    x *= _SECOND
    x ^= (x >> 16) & 0xFFFF
    return x
