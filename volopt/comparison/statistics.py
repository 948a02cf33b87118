"""Estimate how large an effect is, and test whether chance could have produced it.

Every test gives the effect and its 95 % interval beside the p-value. Seeds are few (about 10), so the tests over seeds
are exact: their p-values are valid for any number of seeds. scipy and statsmodels compute what they offer.
"""

import math
import warnings
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from volopt.metrics import Array

ALPHA = 0.05  # significance level; intervals are of 1 - ALPHA
MIN_SEEDS = 8  # to reach a verdict; seven that all agree have p = 0.016, too much for one claim among a few
RESAMPLES = 9_999  # up to 13 differences all sign flips are enumerated, and p is exact
NUISANCE_POINTS = 201  # proportions from 0 to 1 that are tried; 2,001 change no limit by more than 0.0001


class Estimate(NamedTuple):
    """Hold an effect with its 95 % interval and p-value."""

    effect: float
    low: float
    high: float
    p: float  # two-sided unless a docstring says otherwise
    n: int

    @property
    def is_significant(self) -> bool:
        """Return whether p is below the significance level."""
        return self.p < ALPHA

    @property
    def p_text(self) -> str:
        """Return p as a sentence shows it."""
        return "p < 0.001" if self.p < 0.001 else f"p = {self.p:.2g}"

    def relative_to(self, size: float) -> "Estimate":
        """Return the effect and its interval as shares of a size, which is not negative; NaN shares of 0."""
        low, effect, high = (value / size if size else math.nan for value in (self.low, self.effect, self.high))
        return self._replace(effect=effect, low=low, high=high)


def paired(differences: Array) -> Estimate:
    """Estimate the mean difference over pairs, and test whether it is 0.

    The interval is the BCa bootstrap's (Efron 1987). p comes from the sign-flip permutation test: without an effect,
    each difference could as well have the other sign. With n pairs, p is never below 2 / 2^n. The interval is less
    reliable than p: of ten normal differences it covers the true mean 89 times in 100, so p decides.

    Args:
        differences: one for each pair, for example for each common seed of two trials; shape: (n,).

    Raises:
        ValueError: there are none, or one is not finite.
    """
    values = _finite(differences)
    low, high = _bootstrap(values)
    return Estimate(float(values.mean()), low, high, _sign_flip(values, "two-sided"), values.size)


def equivalence(differences: Array, margin: float) -> Estimate:
    """Return the estimate of ``paired`` with the p of equivalence: a small p says that the mean is inside the margin.

    Two one-sided sign-flip tests, against -margin and against +margin; p is the larger one (Schuirmann 1987).

    Args:
        differences: as for ``paired``.
        margin: the largest difference that counts as none; positive, in units of the differences.
    """
    above = _sign_flip(differences + margin, "greater")
    below = _sign_flip(differences - margin, "less")
    return paired(differences)._replace(p=max(above, below))


def proportion(count: int, n: int, against: float = 0.5) -> Estimate:
    """Return a proportion, its Clopper-Pearson interval, and the exact binomial p against a known proportion."""
    from scipy.stats import binomtest

    test = binomtest(count, n, against)
    interval = test.proportion_ci(1 - ALPHA, method="exact")
    return Estimate(count / n, float(interval.low), float(interval.high), float(test.pvalue), n)


def proportion_difference(count_a: int, n_a: int, count_b: int, n_b: int) -> Estimate:
    """Return the difference a - b of two independent proportions; its n is the size of the smaller group.

    Exact and unconditional (Santner and Snell 1980). A difference D belongs to the interval if some pair of proportions
    D apart produces the observed difference, or a larger one, with a probability of at least 2.5 % on either side. p is
    twice the smaller of these probabilities at D = 0, so p < 0.05 if the interval excludes 0.
    """
    low, above = _lower_limit(count_a, n_a, count_b, n_b)
    minus_high, below = _lower_limit(count_b, n_b, count_a, n_a)
    return Estimate(count_a / n_a - count_b / n_b, low, -minus_high, min(1.0, 2 * min(above, below)), min(n_a, n_b))


def holm(ps: Sequence[float]) -> list[float]:
    """Return the p-values, in the same order, corrected for multiple testing (Holm 1979)."""
    from statsmodels.stats.multitest import multipletests

    corrected: list[float] = multipletests(ps, method="holm")[1].tolist()
    return corrected


def diebold_mariano(losses_a: Array, losses_b: Array) -> Estimate:
    """Estimate the mean difference a - b of two forecasts' daily losses, and test whether it is 0.

    Diebold and Mariano (1995) for one-step forecasts. Losses of neighbouring days are correlated, so the standard error
    is Newey and West's (1987): Bartlett weights, floor(4 (n / 100)^(2/9)) lags, n / (n - 1); t distribution.

    Args:
        losses_a: one a day in order of time, for example squared errors; shape: (days,).
        losses_b: of the same days.

    Raises:
        ValueError: there are none, or one is not finite.
    """
    from statsmodels.regression.linear_model import OLS

    values = _finite(losses_a - losses_b)
    n, effect = values.size, float(values.mean())
    if n == 1 or np.ptp(values) == 0:  # there is no standard error
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
    """Return the BCa interval of the mean, or the percentile interval if BCa is not defined."""
    from scipy.stats import bootstrap

    if np.ptp(values) == 0:
        return float(values.mean()), float(values.mean())

    def interval(method: str) -> tuple[float, float]:
        resampled = bootstrap(
            (values,), np.mean, confidence_level=1 - ALPHA, n_resamples=RESAMPLES, method=method, rng=0
        )
        return float(resampled.confidence_interval.low), float(resampled.confidence_interval.high)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scipy warns of a degenerate sample, whose limits are NaN
        bca = interval("BCa")
    return bca if np.isfinite(bca).all() else interval("percentile")


def _sign_flip(values: Array, alternative: str) -> float:
    from scipy.stats import permutation_test

    if values.size == 1:  # scipy refuses it
        return 1.0
    test = permutation_test(
        (values,),
        np.mean,
        permutation_type="samples",
        alternative=alternative,
        n_resamples=RESAMPLES,
        vectorized=True,
        rng=0,
    )
    return float(test.pvalue)


def _lower_limit(count_a: int, n_a: int, count_b: int, n_b: int) -> tuple[float, float]:
    """Return the lower limit of the difference of proportions, and the tail probability at 0."""
    from scipy.optimize import brentq

    tail = _tail(count_a, n_a, count_b, n_b)
    level = ALPHA / 2
    limit = -1.0 if tail(-1.0) >= level else float(brentq(lambda d: tail(d) - level, -1.0, 1.0))
    return limit, tail(0.0)


def _tail(count_a: int, n_a: int, count_b: int, n_b: int) -> Callable[[float], float]:
    """Return the function D -> sup over b of P(difference of proportions >= the observed one | a = b + D).

    It rises with D, from 0 at -1 (or 1 if -1 was observed) to 1.
    """
    from scipy.stats import binom

    a, b = np.arange(n_a + 1), np.arange(n_b + 1)
    extreme = a[:, None] * n_b - b * n_a >= count_a * n_b - count_b * n_a  # in integers, so that ties are exact

    def tail(difference: float) -> float:
        points_b = np.linspace(max(0.0, -difference), min(1.0, 1.0 - difference), NUISANCE_POINTS)[:, None]
        points_a = np.clip(points_b + difference, 0.0, 1.0)
        probabilities = (binom.pmf(a, n_a, points_a) @ extreme) * binom.pmf(b, n_b, points_b)
        return float(probabilities.sum(axis=1).max())

    return tail
