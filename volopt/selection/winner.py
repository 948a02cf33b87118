"""Estimate by how much the best of several trials looks better than it is, because it was chosen for its value.

This is a bootstrap version of the correction of Tibshirani and Tibshirani (2009): repeat the choice where the truth is
known, and take the mean difference between the chosen trial's truth and its observed value. If the observed values
themselves were the truth of that world, it would be too spread out, and the correction too small (by 0.3 of it where
all trials are equal). So its truths are drawn from a normal prior, whose mean and variance are Paule and Mandel's
(1982), given the observed values (empirical Bayes, see Efron 2011, "Tweedie's formula and selection bias").
"""

import numpy as np

from volopt.metrics import Array

LEAST_VARIANCE = 1e-18  # of a logarithm; less is rounding


def optimism(values: Array, noise: Array) -> float:
    """Return the expected difference between the truth and the observed value of the series with the least value.

    Args:
        values: observed, lower is better; shape: (series,).
        noise: draws of their errors, shape (draws, series).
    """
    if len(values) == 1:
        return 0.0
    variances = noise.var(axis=0)
    mean, spread = _prior(values, variances)
    total = spread + variances
    weight = np.divide(spread, total, out=np.ones_like(total), where=total > 0)  # of the observed value
    normal = np.random.default_rng(1).standard_normal(noise.shape)
    truths = mean + weight * (values - mean) + np.sqrt(weight * variances) * normal
    observed = truths + noise
    rows, chosen = np.arange(len(noise)), observed.argmin(axis=1)
    return max(0.0, float((truths[rows, chosen] - observed[rows, chosen]).mean()))


def _prior(values: Array, variances: Array) -> tuple[float, float]:
    """Return mean and variance of the truths: with them, the weighted squared deviations have their expected sum."""
    from scipy.optimize import brentq

    def mean(spread: float) -> float:
        return float(np.average(values, weights=1 / (spread + variances)))

    def excess(spread: float) -> float:
        return float(((values - mean(spread)) ** 2 / (spread + variances)).sum()) - (len(values) - 1)

    variances = np.maximum(variances, LEAST_VARIANCE)
    if excess(0.0) <= 0:
        return mean(0.0), 0.0
    spread = float(brentq(excess, 0.0, values.var(ddof=1) * len(values)))
    return mean(spread), spread
