"""Draw the errors of trials anew, over fresh seeds and days, as a bootstrap does.

An error is a metric of which lower is better. Draws are of log(error): common shocks of the days then cancel between
trials, and the noise of a bad trial is as large as that of a good one.

- Days: circular blocks of valid days (Politis and Romano 1992), the same days for all trials. The length of a block is
  the mean of the trials' optimal lengths (Politis and White 2004).
- Seeds: a trial has few, and resampling three of them would understate their variance by a third and know only ten
  different means. So the variance of each trial's seeds is moderated by those of the other trials (Smyth 2004), and the
  mean is drawn from the t distribution that follows.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from volopt.metrics import Array

DRAWS = 2000
MIN_DAYS = 10  # to draw blocks of
_LEAST_VARIANCE = 1e-5  # of the median: a trial whose seeds agree by chance does not decide the prior


class SeedNoise(NamedTuple):
    """Hold the noise that the seeds of each trial leave in the mean of its log errors; shape: (trials,)."""

    scale: Array  # standard error
    freedom: Array  # degrees of freedom; infinite where all trials have the same variance


def draw_days(losses: Array, block: int, generator: np.random.Generator) -> Array:
    """Return log(mean loss of drawn days / mean loss of all days), shape (DRAWS, series).

    Args:
        losses: of each series and day, shape (series, days).
        block: days of a block.
        generator: of the draws.
    """
    days = losses.shape[1]
    starts = generator.integers(0, days, (DRAWS, math.ceil(days / block)))
    drawn = ((starts[:, :, None] + np.arange(block)) % days).reshape(DRAWS, -1)[:, :days]
    counts = np.stack([np.bincount(row, minlength=days) for row in drawn])
    ratios: Array = np.log(counts @ losses.T / days / losses.mean(axis=1))
    return ratios


def block_length(losses: Array) -> int:
    """Return the days of a block: the mean over series of the optimal length; ``losses`` as in ``draw_days``."""
    from arch.bootstrap import optimal_block_length

    varying = losses[np.ptp(losses, axis=1) > 0]
    lengths = optimal_block_length(varying.T)["circular"].to_numpy() if len(varying) else np.ones(1)
    mean = math.ceil(np.nanmean(lengths))
    return min(max(1, mean), int(losses.shape[1]))


def seed_noise(errors: Sequence[Array]) -> SeedNoise:
    """Return the noise of the seeds, with variances moderated as limma does (Smyth 2004, section 6.2).

    Args:
        errors: of the seeds of each trial, positive.
    """
    counts = np.array([len(each) for each in errors])
    several = counts > 1
    if not several.any():  # nothing tells how much seeds differ
        return SeedNoise(np.zeros(len(errors)), np.full(len(errors), np.inf))
    variances = np.array([_log_variance(each) if len(each) > 1 else 0.0 for each in errors])
    own = counts - 1.0
    prior, prior_freedom = _prior(variances[several], own[several])
    if math.isinf(prior_freedom):
        moderated = np.full(len(errors), prior)
    else:
        moderated = (prior_freedom * prior + own * variances) / (prior_freedom + own)
    return SeedNoise(np.sqrt(moderated / counts), prior_freedom + own)


def _log_variance(errors: Array) -> float:
    """Return the variance of log errors by their coefficient of variation, as in a lognormal distribution.

    The variance of the logarithms themselves is too large for the mean: a seed with almost no error moves it far.
    """
    return math.log1p(float(errors.var(ddof=1) / errors.mean() ** 2))


def _prior(variances: Array, freedom: Array) -> tuple[float, float]:
    """Return the variance that trials share and its degrees of freedom, by the moments of the log variances."""
    from scipy.special import digamma, polygamma

    median = float(np.median(variances))
    if median == 0:
        return float(variances.mean()), math.inf
    half = freedom / 2
    logs = np.log(np.maximum(variances, _LEAST_VARIANCE * median)) - digamma(half) + np.log(half)
    spread = logs.var(ddof=1) - polygamma(1, half).mean() if len(logs) > 1 else 0.0
    if spread <= 0:
        return math.exp(logs.mean()), math.inf
    prior = 2 * _inverse_trigamma(spread)
    return math.exp(logs.mean() + digamma(prior / 2) - math.log(prior / 2)), prior


def _inverse_trigamma(value: float) -> float:
    """Return y with trigamma(y) = value > 0."""
    from scipy.optimize import brentq
    from scipy.special import polygamma

    return math.exp(brentq(lambda log_y: math.log(polygamma(1, math.exp(log_y)) / value), -30.0, 30.0))


def draw_seeds(noise: SeedNoise, generator: np.random.Generator) -> Array:
    """Return the errors of the mean log errors, shape (DRAWS, trials)."""
    normal = generator.standard_normal((DRAWS, len(noise.scale)))
    known = np.isfinite(noise.freedom)
    chi = np.ones_like(normal)
    chi[:, known] = np.sqrt(generator.chisquare(noise.freedom[known], (DRAWS, known.sum())) / noise.freedom[known])
    return normal / chi * noise.scale
