"""Combine the forecasts of several models into one: by their mean, or with weights that past errors decide."""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np

from volopt.forecast.conformal import forecast_errors
from volopt.metrics import Array

NETWORK = "network"  # the mean forecast of the seeds, as a member
MEMBERS = (NETWORK, "pooled_ridge", "pooled_lightgbm")
MIN_ERRORS = 100  # days with an error; with fewer, the weights are those of the mean


def combined(forecasts: Mapping[str, Array], weights: Mapping[str, Array | float], *, log: bool) -> Array:
    """Return the weighted mean of the members' forecasts, shape (days,).

    Args:
        forecasts: of each of ``MEMBERS``, shape (days,), original units.
        weights: of each of ``MEMBERS``, one or one a day, with the sum 1.
        log: whether to take the mean of the logarithms, in which errors are measured.
    """
    parts = [weights[name] * (np.log(forecasts[name]) if log else forecasts[name]) for name in MEMBERS]
    mean: Array = np.sum(parts, axis=0)
    return np.exp(mean) if log else mean


def mean_weights(seeds: int) -> Array:
    """Return the weights of a mean in which each seed of the network counts as much as a pooled baseline does."""
    return np.array([seeds, 1, 1]) / (seeds + 2)


def stacked_weights(errors: Array, seeds: int) -> Array:
    """Return the weights with the least mean squared error of the combination, none below 0, with the sum 1.

    Without the bound they are those of Bates and Granger (1969). The best of all subsets of members whose weights are
    not negative obeys the bound.

    Args:
        errors: of each member on past days, shape (days, members); days with a missing one do not count.
        seeds: of the network; with too few errors the weights are ``mean_weights``.
    """
    known = errors[np.isfinite(errors).all(axis=1)]
    if len(known) < MIN_ERRORS:
        return mean_weights(seeds)
    moments = known.T @ known / len(known)
    best, least = mean_weights(seeds), math.inf
    for members in _subsets(len(MEMBERS)):
        part = moments[np.ix_(members, members)]
        weights = _unbounded_weights(part)
        if (weights < 0).any():
            continue
        weights /= weights.sum()  # of 1 but for rounding
        if (error := float(weights @ part @ weights)) < least:
            best, least = np.zeros(len(MEMBERS)), error
            best[list(members)] = weights
    return best


def _unbounded_weights(moments: Array) -> Array:
    """Return the weights w with the sum 1 and the least wᵀMw, shape (members,), where M are the errors' second moments.

    With a multiplier λ they solve Mw + λ1 = 0 and 1ᵀw = 1, also where M has no inverse: where members are equal, or one
    undoes the errors of another.
    """
    count = len(moments)
    system = np.ones((count + 1, count + 1))
    system[:count, :count] = moments / (float(np.trace(moments)) or 1.0)
    system[count, count] = 0
    weights: Array = np.linalg.lstsq(system, np.eye(count + 1)[count])[0][:count]
    return weights


def past_errors(columns: Mapping[str, np.ndarray], past: np.ndarray, *, log: bool) -> Array:
    """Return the errors of the members on past days, relative to HAR's of the same instrument, as skill weighs them.

    Args:
        columns: ``instrument``, ``actual``, ``har`` and each of ``MEMBERS``, all of shape (days,).
        past: which days, shape (days,).
        log: whether errors are relative, as with ``transform = "log"``.

    Returns:
        Shape (past days, members).
    """
    instrument, actual = columns["instrument"][past], columns["actual"][past]
    errors = {name: forecast_errors(columns[name][past], actual, log=log) for name in ("har", *MEMBERS)}
    squares = np.where(np.isfinite(errors["har"]), errors["har"], 0.0) ** 2
    mean = np.bincount(instrument, squares) / np.maximum(np.bincount(instrument), 1)
    size = np.sqrt(np.where(mean > 0, mean, np.nan))[instrument]
    return np.column_stack([errors[name] / size for name in MEMBERS])


def _subsets(count: int) -> Sequence[tuple[int, ...]]:
    return [members for size in range(1, count + 1) for members in combinations(range(count), size)]
