"""Dropout whose masks are a function of seed, step and place: the same on every device and in every company.

Random numbers by counting (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): a number is a hash of
where it is needed, so that a member drops the same units whoever is packed with it, and after going on from a state.
They are not the numbers that torch's own dropout draws.
"""

import torch
from torch import Tensor

# The 32-bit mixer "lowbias32" of C. Wellons' hash prospector, with a second key between its rounds.
_FIRST, _SECOND = 0x7FEB352D, 0x846CA68B - 2**32
_LARGE, _ODD = 0x9E3779B1, 0x85EBCA77  # odd numbers that spread seeds and steps
BITS = 24  # of each number


class PackedDropout:
    """Dropout of a pack, of its own rate for each member.

    Args:
        window: days of the pack.
        batch: samples of a batch.
        hidden_size: units, the pack's width.
        device: where the masks are drawn.
    """

    def __init__(self, window: int, batch: int, hidden_size: int, device: str) -> None:
        back = torch.arange(window - 1, -1, -1, device=device)  # days before the last: the same in any longer window
        row, unit = torch.arange(batch, device=device), torch.arange(hidden_size, device=device)
        place = back[:, None, None] * 0x10001 + row[None, :, None] * 0x3779B1 + unit * 0x1000193
        self._place = _as_int32(place)  # shape: (window, batch, hidden_size)

    def __call__(self, outputs: Tensor, rate: Tensor, seed: Tensor, step: Tensor, layer: int) -> Tensor:
        """Return the outputs with some of them zero and the others as much larger.

        Args:
            outputs: shape (members, window, batch, hidden_size).
            rate: share of them that is dropped, shape (members,); at 0 nothing changes, to the last bit.
            seed: whole numbers, shape (members,).
            step: of the member's training, whole numbers, shape (members,).
            layer: whose outputs they are.
        """
        keys = _as_int32(seed * _LARGE + step * _ODD + layer), _as_int32(step * _LARGE + seed)
        place = self._place[:, : outputs.shape[2]]  # the last batch of an epoch may be smaller
        numbers = _mixed(place, *(_mixed(key, key, key) for key in keys))
        kept = (numbers >> (32 - BITS)) & (2**BITS - 1) >= _wide(rate * 2**BITS)
        larger = torch.where(rate < 1, 1 / (1 - rate), 0.0)
        dropped: Tensor = outputs * (kept * _wide(larger))
        return dropped


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None, None]


def _as_int32(values: Tensor) -> Tensor:
    """Return the lowest 32 bits of each number."""
    return (((values + 2**31) & (2**32 - 1)) - 2**31).to(torch.int32)


def _mixed(place: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """Return a hash of each place under two keys, shape (members, …); of keys alone where all are of one shape."""
    if place.dim() > first.dim():
        first, second = _wide(first), _wide(second)
    x = place + first
    x ^= (x >> 16) & 0xFFFF
    x *= _FIRST
    x ^= second
    x ^= (x >> 15) & 0x1FFFF
    x *= _SECOND
    x ^= (x >> 16) & 0xFFFF
    return x
