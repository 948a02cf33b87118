"""One Adam for all members of a pack, each with its own learning rate, weight decay and count of steps."""

import torch
from torch import Tensor

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # torch's defaults


class PackedAdam:
    """Compute Adam, or AdamW for members with weight decay.

    The formulas are torch's (Kingma and Ba 2015; Loshchilov and Hutter 2019).

    Args:
        rows: the weights, shape (members, parameters), updated in place.
    """

    def __init__(self, rows: Tensor) -> None:
        self._rows = rows
        self.first, self.second = torch.zeros_like(rows), torch.zeros_like(rows)  # moments
        # Steps taken, learning rates and weight decays.
        self.steps, self.rate, self.decay = (rows.new_zeros(len(rows), 1, dtype=torch.float64) for _ in range(3))

    def step(self, gradient: Tensor) -> None:
        """Update every member. Per-member scalars are float64, as torch's are in Python."""
        self.steps += 1
        size = self.rate / (1 - BETA1**self.steps)
        root = (1 - BETA2**self.steps).sqrt()
        self._rows.mul_((1 - self.rate * self.decay).float())
        self.first.lerp_(gradient, 1 - BETA1)
        self.second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
        self._rows.sub_(self.first / (self.second.sqrt() / root.float() + EPSILON) * size.float())
