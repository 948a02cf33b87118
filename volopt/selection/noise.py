"""Draw the errors of trials anew, over fresh seeds and days, as a bootstrap does.

An error is a metric of which lower is better. Draws are of log(error): common shocks of the days then cancel between
trials, and the noise of a bad trial is as large as that of a good one.

- Days: circular blocks of valid days (Politis and Romano 1992), the same days for all trials. The length of a block is
  the mean of the trials' optimal lengths (Politis and White 2004).
- Seeds: a trial has few. Resampling three of them understates their variance by a third and knows ten means only. So
  the mean of other seeds is drawn from a gamma law, which is skewed as errors are. Its variance is moderated: a mean of
  the trial's own and of all trials' relative variance, which counts as ``PRIOR_FREEDOM`` more seeds (in the manner of
  Smyth 2004). A trial that was chosen for three good seeds would seem to have no scatter otherwise.
"""

import math
from collections.abc import Sequence

import numpy as np

from volopt.metrics import Array

DRAWS = 2000
MIN_DAYS = 10  # to draw blocks of
PRIOR_FREEDOM = 4.0  # seeds; calibrated with tests/bench/evidence.py
LEAST_SCATTER = 1e-9  # less is rounding


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


def seed_scatter(errors: Sequence[Array]) -> Array:
    """Return the standard error that the seeds leave in the mean error of each trial, as a share of it.

    Args:
        errors: of the seeds of each trial, positive.
    """
    freedom = np.array([len(each) - 1.0 for each in errors])
    if not freedom.any():  # nothing tells how much seeds differ
        return np.zeros(len(errors))
    own = _relative_variances(errors)
    moderated = (PRIOR_FREEDOM * own[freedom > 0].mean() + freedom * own) / (PRIOR_FREEDOM + freedom)
    scatter: Array = np.sqrt(moderated / (freedom + 1))
    return scatter


def exchanged_scatter(errors: Sequence[Array], generator: np.random.Generator) -> Array:
    """Return standard errors as ``seed_scatter``, but of a random trial's variance in each draw: (DRAWS, trials).

    The winner is often a trial whose seeds scatter much and were lucky. Lucky seeds are near each other, so its own
    variance does not show that.
    """
    variances = _relative_variances([each for each in errors if len(each) > 1])
    if not len(variances):
        return np.zeros((DRAWS, len(errors)))
    counts = np.array([len(each) for each in errors])
    scatter: Array = np.sqrt(generator.choice(variances, (DRAWS, len(errors))) / counts)
    return scatter


def _relative_variances(errors: Sequence[Array]) -> Array:
    """Return the variance of the seeds of each trial, as a share of the squared mean; 0 for a single seed."""
    return np.array([each.var(ddof=1) / each.mean() ** 2 if len(each) > 1 else 0.0 for each in errors])


def draw_seeds(scatter: Array, generator: np.random.Generator) -> Array:
    """Return log(mean error of other seeds / expected error), shape (DRAWS, trials); ``scatter`` as it was returned."""
    shape = np.maximum(scatter, LEAST_SCATTER) ** -2
    means = generator.gamma(np.broadcast_to(shape, (DRAWS, shape.shape[-1]))) / shape
    return np.where(scatter > 0, np.log(np.maximum(means, np.finfo(float).tiny)), 0.0)
