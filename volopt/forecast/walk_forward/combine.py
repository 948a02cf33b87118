"""Combine the forecasts of several models into one, with equal weights or with weights that past errors decide."""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from volopt.metrics import Array

NETWORK = "network"  # the mean forecast of the seeds, as a member
MEMBERS = (NETWORK, "pooled_ridge", "pooled_lightgbm")
MIN_ERRORS = 100  # days with an error; with fewer, the weights are equal


def combined(forecasts: Mapping[str, Array], weights: Array, *, log: bool) -> Array:
    """Return the weighted mean of the members' forecasts, shape (days,).

    Args:
        forecasts: of each of ``MEMBERS``, shape (days,), original units.
        weights: of the members, shape (members,) or (days, members), with the sum 1.
        log: whether to take the mean of the logarithms, in which errors are measured.
    """
    columns = np.column_stack([forecasts[name] for name in MEMBERS])
    mean: Array = ((np.log(columns) if log else columns) * weights).sum(axis=1)
    return np.exp(mean) if log else mean


def equal_weights() -> Array:
    """Return the same weight for each member."""
    return np.full(len(MEMBERS), 1 / len(MEMBERS))


def stacked_weights(errors: Array) -> Array:
    """Return the weights with the least mean squared error of the combination, none below 0, with the sum 1.

    Without the bound they are those of Bates and Granger (1969), proportional to the row sums of the inverse of the
    errors' second moments. The best of all subsets of members without a negative weight obeys the bound.

    Args:
        errors: of each member on past days, shape (days, members); days with a missing one do not count.
    """
    known = errors[np.isfinite(errors).all(axis=1)]
    if len(known) < MIN_ERRORS:
        return equal_weights()
    moments = known.T @ known / len(known)
    best, least = equal_weights(), np.inf
    for members in _subsets(len(MEMBERS)):
        part = moments[np.ix_(members, members)]
        weights = np.linalg.pinv(part).sum(axis=1)
        if (weights < 0).any() or not weights.any():
            continue
        weights /= weights.sum()
        if (error := weights @ part @ weights) < least:
            best, least = np.zeros(len(MEMBERS)), error
            best[list(members)] = weights
    return best


def _subsets(count: int) -> Sequence[tuple[int, ...]]:
    return [members for size in range(1, count + 1) for members in combinations(range(count), size)]
