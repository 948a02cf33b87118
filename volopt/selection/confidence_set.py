"""The model confidence set: the trials that cannot be told from the best (Hansen, Lunde and Nason 2011).

Their statistic T_R and its elimination rule, as ``arch.bootstrap.MCS`` has them, on draws of the caller. Theirs draw
days alone. The draws here have fresh seeds too, because a trial with three lucky seeds is not better.
"""

import numpy as np
from numpy.typing import NDArray

from volopt.metrics import Array

CONFIDENCE = 0.9


def confidence_set(values: Array, noise: Array, confidence: float = CONFIDENCE) -> NDArray[np.intp]:
    """Return the indices of the series in the set, ascending.

    In a round, every series that is behind another by more than chance leaves. Hansen, Lunde and Nason let one leave at
    a time: another one could then stay, if it is behind nothing but a series that leaves before it.

    Args:
        values: the estimate of each series, lower is better; shape: (series,).
        noise: draws of the errors of these estimates, shape (draws, series).
        confidence: that the set holds the best.
    """
    noise = noise - noise.mean(axis=0)
    distances = _distances(values, noise)
    inside = np.arange(len(values))
    while True:
        behind = distances[np.ix_(inside, inside)].max(axis=1)
        stays = behind <= _critical_value(noise[:, inside], confidence)
        if stays.all():
            return inside
        inside = inside[stays]


def _distances(values: Array, noise: Array) -> Array:
    """Return by how many standard errors each series is behind each other one, shape (series, series)."""
    differences = values[:, None] - values
    errors = np.stack([(noise[:, [index]] - noise).std(axis=0) for index in range(len(values))])
    with np.errstate(divide="ignore", invalid="ignore"):
        distances: Array = np.where(differences == 0, 0.0, differences / errors)
    return distances


def _critical_value(noise: Array, confidence: float) -> float:
    """Return the quantile of the largest studentized difference of two series, where none differ."""
    largest = np.zeros(len(noise))
    for index in range(noise.shape[1]):
        differences = np.abs(noise[:, [index]] - noise[:, index + 1 :])
        errors = np.sqrt((differences**2).mean(axis=0))
        varying = errors > 0
        if varying.any():
            largest = np.maximum(largest, (differences[:, varying] / errors[varying]).max(axis=1))
    return float(np.quantile(largest, confidence))
