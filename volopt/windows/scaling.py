"""Scaling: (x − center) / scale, fitted on the rows it is given and on nothing else."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

ROUNDING = 1e-12  # of the largest value: what moves less moves by rounding alone


class Scaling(NamedTuple):
    """Center and scale of each column, shape (columns,), or of one series, shape ()."""

    center: Array
    scale: Array

    def apply(self, values: Array) -> Array:
        """Return the scaled values."""
        return (values - self.center) / self.scale

    def invert(self, scaled: Array) -> Array:
        """Return the values that ``apply`` would scale to ``scaled``."""
        return scaled * self.scale + self.center


def is_constant(values: Array, size: float | None = None) -> bool:
    """Return whether a series, shape (rows,), does not move by more than rounding, so that it cannot be scaled.

    Args:
        values: one or more.
        size: of the numbers that they were computed from, where it is not their own.
    """
    return bool(np.ptp(values) <= ROUNDING * (np.abs(values).max() if size is None else size))


def fit(values: Array, kind: str) -> Scaling:
    """Return the scaling of ``values`` along axis 0.

    Args:
        values: shape (rows,) or (rows, columns).
        kind: ``minmax`` (to 0 … 1) or ``standard`` (mean 0, population standard deviation 1).
    """
    if kind == "minmax":
        low = values.min(axis=0)
        return Scaling(low, values.max(axis=0) - low)
    return Scaling(values.mean(axis=0), values.std(axis=0))
