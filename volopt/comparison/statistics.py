"""How large an effect is, and whether chance alone could have made it.

Effects come first: every test gives the effect and its 95 % interval beside the p-value. Seeds are few (about 10), so
the tests over seeds are exact: their p-values need no number of seeds to be large. scipy and statsmodels do the work
wherever they have it.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from volopt.metrics import Array

ALPHA = 0.05  # a p below this is beyond chance; intervals are of 1 - ALPHA
FEWEST_SEEDS = (
    8  # with fewer, nothing is concluded: seven that all agree have p = 0.016, too much for one claim among a few
)
RESAMPLES = 9_999  # sign flips are enumerated, and p exact, up to 13 differences
NUISANCE = 201  # shares from 0 to 1 that ``shares`` tries; 2,001 change no limit by more than 0.0001


class Estimate(NamedTuple):
    """An effect with its 95 % interval."""

    effect: float
    low: float
    high: float
    p: float  # two-sided unless a docstring says otherwise
    n: int


def paired(differences: Array) -> Estimate:
    """Return the mean difference over pairs, and whether it is beyond chance.

    The interval is the BCa bootstrap's (Efron 1987), p that of the sign-flip permutation test: without an effect each
    difference could as well have had the other sign. With n pairs p is never below 2 / 2^n. The interval is the rougher
    of the two: of ten normal differences it holds the true mean 89 times in 100, so p decides.

    Args:
        differences: one a pair, such as a seed that both trials have; shape: (n,).

    Raises:
        ValueError: there are none, or one is not finite.
    """
    values = _finite(differences)
    low, high = _bootstrap(values)
    return Estimate(float(values.mean()), low, high, _sign_flip(values, "two-sided"), values.size)


def equivalence(differences: Array, margin: float) -> Estimate:
    """Return the estimate of ``paired`` with the p of equivalence: a small one says that the mean is inside the margin.

    Two one-sided sign-flip tests, against -margin and against +margin; p is the larger (Schuirmann 1987).

    Args:
        differences: as of ``paired``.
        margin: the largest difference that still counts as none; positive, in units of the differences.
    """
    found = paired(differences)
    above = _sign_flip(differences + margin, "greater")
    below = _sign_flip(differences - margin, "less")
    return found._replace(p=max(above, below))


def share(count: int, n: int, against: float = 0.5) -> Estimate:
    """Return a share with its Clopper-Pearson interval, and the exact binomial p against a known share."""
    from scipy.stats import binomtest

    found = binomtest(count, n, against)
    interval = found.proportion_ci(1 - ALPHA, method="exact")
    return Estimate(count / n, float(interval.low), float(interval.high), float(found.pvalue), n)


def shares(count_a: int, n_a: int, count_b: int, n_b: int) -> Estimate:
    """Return the difference of two independent shares, a - b; its n is that of the smaller group.

    Exact and unconditional (Santner and Snell 1980): a difference D belongs to the interval while some pair of shares
    that far apart gives what was seen, or more, with a probability of at least 2.5 % on either side. p is twice the
    smaller of these probabilities at D = 0, so p < 0.05 where the interval leaves 0 out.
    """
    low, above = _lower_limit(count_a, n_a, count_b, n_b)
    minus_high, below = _lower_limit(count_b, n_b, count_a, n_a)
    return Estimate(count_a / n_a - count_b / n_b, low, -minus_high, min(1.0, 2 * min(above, below)), min(n_a, n_b))


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p-values adjusted for being that many (Holm 1979), in the same order."""
    from statsmodels.stats.multitest import multipletests

    adjusted: list[float] = multipletests(ps, method="holm")[1].tolist()
    return adjusted


def diebold_mariano(losses_a: Array, losses_b: Array) -> Estimate:
    """Return the mean difference of two forecasts' daily losses, a - b, and whether it is beyond chance.

    Diebold and Mariano (1995) for one-step forecasts. Losses of neighbouring days are alike, so the standard error is
    Newey and West's (1987): Bartlett weights, floor(4 (n / 100)^(2/9)) lags, n / (n - 1); t distribution.

    Args:
        losses_a: one a day in order of time, such as squared errors; shape: (days,).
        losses_b: of the same days.

    Raises:
        ValueError: there are none, or one is not finite.
    """
    from statsmodels.regression.linear_model import OLS

    values = _finite(losses_a - losses_b)
    n, effect = values.size, float(values.mean())
    if n == 1 or np.ptp(values) == 0:  # no spread to measure a standard error by
        return Estimate(effect, effect, effect, 1.0 if n == 1 or effect == 0 else 0.0, n)
    lags = {"maxlags": math.floor(4 * (n / 100) ** (2 / 9)), "use_correction": True}
    fit = OLS(values, np.ones(n)).fit(cov_type="HAC", cov_kwds=lags, use_t=True)
    low, high = fit.conf_int(ALPHA)[0]
    return Estimate(effect, float(low), float(high), float(fit.pvalues[0]), n)


def _finite(values: Array) -> Array:
    if values.size == 0 or not np.isfinite(values).all():
        raise ValueError(f"{values.size} differences, of which {np.isfinite(values).sum()} are finite")
    return values


def _bootstrap(values: Array) -> tuple[float, float]:
    """Return the BCa interval of the mean; the percentile interval where BCa has none."""
    from scipy.stats import bootstrap

    if np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())

    def interval(method: str) -> tuple[float, float]:
        found = bootstrap(
            (values,), np.mean, confidence_level=1 - ALPHA, n_resamples=RESAMPLES, method=method, rng=0
        ).confidence_interval
        return float(found.low), float(found.high)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of a degenerate sample: its limits are NaN, which is looked at here
        bca = interval("BCa")
    return bca if np.isfinite(bca).all() else interval("percentile")


def _sign_flip(values: Array, alternative: str) -> float:
    from scipy.stats import permutation_test

    if values.size == 1:  # says nothing; scipy refuses it
        return 1.0
    found = permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        alternative=alternative,
        n_resamples=RESAMPLES,
        vectorized=True,
        rng=0,
    )
    return float(found.pvalue)


def _lower_limit(count_a: int, n_a: int, count_b: int, n_b: int) -> tuple[float, float]:
    """Return the lower limit of the difference of shares, and the largest chance of what was seen, or more, at 0."""
    from scipy.optimize import brentq

    tail = _tail(count_a, n_a, count_b, n_b)
    at_least = ALPHA / 2
    limit = -1.0 if tail(-1.0) >= at_least else float(brentq(lambda d: tail(d) - at_least, -1.0, 1.0))
    return limit, tail(0.0)


def _tail(count_a: int, n_a: int, count_b: int, n_b: int) -> Callable[[float], float]:
    """Return D -> sup over share b of P(difference of shares >= the one seen | share a = share b + D).

    It rises with D, from 0 at -1 (or 1 where -1 was seen) to 1.
    """
    from scipy.stats import binom

    a, b = np.arange(n_a + 1), np.arange(n_b + 1)
    extreme = a[:, None] * n_b - b * n_a >= count_a * n_b - count_b * n_a  # whole numbers, so that ties are ties

    def tail(difference: float) -> float:
        share_b = np.linspace(max(0.0, -difference), min(1.0, 1.0 - difference), NUISANCE)[:, None]
        share_a = np.clip(share_b + difference, 0.0, 1.0)
        chances = (binom.pmf(a, n_a, share_a) @ extreme) * binom.pmf(b, n_b, share_b)
        return float(chances.sum(axis=1).max())

    return tail
