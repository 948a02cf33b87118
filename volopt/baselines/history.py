"""What a baseline sees of a series, and the one way in which it looks back.

A baseline is fitted on the train rows of one history and returns a forecaster. Row t of a forecast is made from the
rows before t alone: changing the values of a day changes no forecast of that day or of an earlier one, and changing
anything after train changes nothing that was fitted.

A series begins where its data begin. Whoever needs more days than there are sees the first day in place of those that
are missing, so that no day is left out; row 0 has no past at all, sees itself, and is never scored.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from volopt.windows.dataset import Array
from volopt.windows.windows import LARGEST_LOG


class History(NamedTuple):
    """One series, day by day."""

    target: Array  # shape: (days,), original units
    log: Array  # shape: (days,), of the target, floored where it has no logarithm
    others: Array  # shape: (days, features), the study's features but the target itself, as read


Forecaster = Callable[[History], Array]  # each day's forecast, shape (days,), original units
Baseline = Callable[[History, range, int], Forecaster]  # of a history, its train rows and the input days


def past(values: Array, days: int) -> Array:
    """Return the values of the days before each row, the oldest first, as a new last axis of ``days`` values.

    Args:
        values: shape (rows,) or (rows, features).
        days: how far to look back.
    """
    first = np.repeat(values[:1], days, axis=0)
    return sliding_window_view(np.concatenate([first, values[:-1]]), days, axis=0)


def fitted_rows(train: range, days: int) -> slice:
    """Return the train rows with ``days`` days before them, or all but the first where there are not two of these."""
    start = days if train.stop - days > 1 else 1
    return slice(start, train.stop)


def from_log(log: Array) -> Array:
    """Return e^log, kept finite and above zero however far a fit went astray."""
    return np.exp(np.clip(log, -LARGEST_LOG, LARGEST_LOG))
