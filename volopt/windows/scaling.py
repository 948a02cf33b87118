"""Scaling: (x − center) / scale, fitted only on the rows that the caller passes."""

from typing import NamedTuple

import numpy as np

from volopt.metrics import Array

ROUNDING = 1e-12  # of the largest value: smaller changes come from rounding


class Scaling(NamedTuple):
    """Hold center and scale of each column, shape (columns,), or of one series, shape ()."""

    center: Array
    scale: Array

    def apply(self, values: Array) -> Array:
        """Return the scaled values."""
        return (values - self.center) / self.scale

    def invert(self, scaled: Array) -> Array:
        """Return the values that ``apply`` would scale to ``scaled``."""
        return scaled * self.scale + self.center


def is_constant(values: Array, size: float | None = None) -> bool:
    """Return whether a series changes only by rounding, so that it cannot be scaled.

    Args:
        values: shape (rows,), at least one.
        size: of the numbers from which the values were computed; None: their own.
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
