import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, binom, norm, t

from volopt.comparison import statistics
from volopt.comparison.statistics import Estimate
from volopt.metrics import Array

TEN = np.array([0.9, 1.4, -0.3, 2.2, 0.1, 1.1, -0.8, 0.7, 1.9, 0.4])  # differences of ten seeds
NUMBERS = st.integers(-1000, 1000).map(lambda number: number / 64)  # sums of these are exact: ties are ties
DIFFERENCES = st.lists(NUMBERS, min_size=1, max_size=8).map(np.array)


def sign_flips(values: Array) -> Array:
    """Return the mean under every choice of signs."""
    signs = np.array(list(itertools.product([-1, 1], repeat=values.size)))
    return np.mean(signs * values, axis=1)


def is_sound(estimate: Estimate) -> bool:
    inside = estimate.low - 1e-9 <= estimate.effect <= estimate.high + 1e-9
    return inside and 0 <= estimate.p <= 1 and all(map(math.isfinite, estimate))


# paired


def test_paired_p_is_the_share_of_all_sign_flips_at_least_as_far_from_zero() -> None:
    estimate = statistics.paired(TEN)
    assert estimate.effect == pytest.approx(0.76)
    assert estimate.p == np.mean(np.abs(sign_flips(TEN)) >= 0.76 - 1e-12)
    assert estimate.n == 10


def test_ten_differences_of_one_sign_have_the_smallest_p_that_ten_can_have() -> None:
    assert statistics.paired(np.arange(1.0, 11.0)).p == 2 / 2**10


def test_sign_flips_of_many_differences_are_sampled_reproducibly() -> None:
    many = np.linspace(-1, 1.5, 25)
    estimate = statistics.paired(many)
    assert estimate == statistics.paired(many)
    assert estimate.p == pytest.approx(2 * t.sf(many.mean() / many.std(ddof=1) * 5, 24), abs=0.02)


def test_paired_interval_of_many_differences_is_the_normal_one() -> None:
    many = np.random.default_rng(0).normal(1, 2, 400)
    estimate = statistics.paired(many)
    half = 1.96 * many.std(ddof=1) / 20
    assert (estimate.low, estimate.high) == pytest.approx((many.mean() - half, many.mean() + half), abs=0.03)


def test_paired_interval_extends_further_towards_the_long_tail() -> None:
    estimate = statistics.paired(np.array([0.0, 0.1, 0.1, 0.2, 0.2, 0.3, 0.3, 0.4, 0.5, 4.0]))
    assert estimate.high - estimate.effect > 1.5 * (estimate.effect - estimate.low)


def test_paired_interval_is_efrons_bca_by_hand() -> None:
    values = np.exp(TEN)
    means = np.random.default_rng(1).choice(values, (200_000, 10)).mean(axis=1)
    left_out = (values.sum() - values) / 9
    skew = left_out.mean() - left_out
    acceleration = np.sum(skew**3) / (6 * np.sum(skew**2) ** 1.5)
    bias = norm.ppf(np.mean(means < values.mean()))
    quantiles = [bias + norm.ppf(level) for level in (0.025, 0.975)]
    levels = [norm.cdf(bias + z / (1 - acceleration * z)) for z in quantiles]
    estimate = statistics.paired(values)
    assert (estimate.low, estimate.high) == pytest.approx(np.quantile(means, levels), abs=0.15)
    assert estimate.high > np.quantile(means, 0.975) + 0.2  # the percentile interval ends too early


@pytest.mark.parametrize("value", [0.0, 0.3, -2.0])
def test_differences_all_equal_have_an_interval_of_one_point(value: float) -> None:
    estimate = statistics.paired(np.full(10, value))
    assert estimate[:3] == pytest.approx((value, value, value))
    assert estimate.p == (1.0 if value == 0 else 2 / 2**10)


def test_one_difference_has_p_1() -> None:
    assert statistics.paired(np.array([3.0])) == Estimate(3.0, 3.0, 3.0, 1.0, 1)


def test_differences_too_small_for_bca_have_the_percentile_interval() -> None:
    estimate = statistics.paired(np.array([0.0, 1e-200]))
    assert (estimate.low, estimate.high) == (0.0, 1e-200)


@pytest.mark.parametrize("values", [[], [1.0, math.nan], [1.0, math.inf]])
def test_differences_that_are_missing_or_not_finite_are_an_error(values: list[float]) -> None:
    with pytest.raises(ValueError, match="differences, of which"):
        statistics.paired(np.array(values))
    with pytest.raises(ValueError, match="differences, of which"):
        statistics.diebold_mariano(np.array(values), np.zeros(len(values)))


@given(DIFFERENCES)
def test_paired_is_sound_and_exact_and_negates_with_swapped_arms(values: Array) -> None:
    estimate, mirrored = statistics.paired(values), statistics.paired(-values)
    assert is_sound(estimate)
    assert estimate.p == pytest.approx(np.mean(np.abs(sign_flips(values)) >= abs(values.mean())))
    assert mirrored.p == estimate.p
    assert (mirrored.effect, mirrored.low, mirrored.high) == pytest.approx(
        (-estimate.effect, -estimate.high, -estimate.low), abs=0.1 * float(np.ptp(values)) + 1e-12
    )


# equivalence


def test_equivalence_p_is_the_larger_of_two_one_sided_sign_flip_tests() -> None:
    above = np.mean(sign_flips(TEN + 1) >= 1.76 - 1e-12)
    below = np.mean(sign_flips(TEN - 1) <= -0.24 + 1e-12)
    assert statistics.equivalence(TEN, 1).p == max(above, below)
    assert statistics.equivalence(TEN, 1)._replace(p=0) == statistics.paired(TEN)._replace(p=0)


def test_equivalence_holds_inside_the_margin_and_neither_above_nor_below() -> None:
    assert statistics.equivalence(TEN, 3).p == 1 / 2**10
    assert statistics.equivalence(TEN + 5, 3).p > 0.99
    assert statistics.equivalence(TEN - 5, 3).p > 0.99


def test_an_insignificant_difference_is_not_equivalence() -> None:
    scattered = np.array([-9.0, 8.0, -7.0, 9.0, -8.0, 7.0])
    assert statistics.paired(scattered).p > 0.9
    assert statistics.equivalence(scattered, 1).p > 0.3


@given(DIFFERENCES, st.integers(1, 1000))
def test_equivalence_is_sound_and_symmetric_and_p_falls_with_a_wider_margin(values: Array, margin: int) -> None:
    estimate = statistics.equivalence(values, margin)
    assert is_sound(estimate)
    assert statistics.equivalence(-values, margin).p == estimate.p
    assert statistics.equivalence(values, margin + 1000).p <= estimate.p


# proportion


@pytest.mark.parametrize(("count", "n"), [(0, 10), (3, 10), (10, 10), (45, 60)])
def test_proportion_interval_is_clopper_and_pearsons_by_beta_quantiles(count: int, n: int) -> None:
    estimate = statistics.proportion(count, n)
    low = beta.ppf(0.025, count, n - count + 1) if count else 0
    high = beta.ppf(0.975, count + 1, n - count) if count < n else 1
    assert estimate[:3] == pytest.approx((count / n, low, high))
    assert estimate.n == n


def test_proportion_p_is_binomial() -> None:
    assert statistics.proportion(9, 10).p == pytest.approx(2 * 11 / 2**10)
    assert statistics.proportion(5, 10).p == 1
    assert statistics.proportion(2, 2, against=0.1).p == pytest.approx(0.01)


@given(st.integers(1, 40).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_proportion_is_sound_and_symmetric(counts: tuple[int, int]) -> None:
    count, n = counts
    estimate, rest = statistics.proportion(count, n), statistics.proportion(n - count, n)
    assert is_sound(estimate)
    assert (1 - rest.high, 1 - rest.low, rest.p) == pytest.approx((estimate.low, estimate.high, estimate.p))


# proportion_difference


def probability(observed: tuple[int, int, int, int], true_a: float, true_b: float) -> float:
    """Return the probability of a difference at least as large as the observed one, outcome by outcome."""
    count_a, n_a, count_b, n_b = observed
    outcomes = itertools.product(range(n_a + 1), range(n_b + 1))
    large = [(i, j) for i, j in outcomes if i / n_a - j / n_b >= count_a / n_a - count_b / n_b - 1e-12]
    return float(sum(binom.pmf(i, n_a, true_a) * binom.pmf(j, n_b, true_b) for i, j in large))


def largest_probability(observed: tuple[int, int, int, int], difference: float) -> float:
    grid = np.linspace(max(0, -difference), min(1, 1 - difference), 61)
    return max(probability(observed, min(true_b + difference, 1), true_b) for true_b in grid)


@pytest.mark.parametrize("observed", [(8, 10, 2, 10), (3, 5, 0, 7), (1, 6, 4, 6)])
def test_the_difference_has_the_limits_and_p_of_a_brute_force_enumeration(observed: tuple[int, int, int, int]) -> None:
    estimate, swapped = statistics.proportion_difference(*observed), (*observed[2:], *observed[:2])
    assert estimate.effect == pytest.approx(observed[0] / observed[1] - observed[2] / observed[3])
    assert largest_probability(observed, estimate.low) == pytest.approx(0.025, abs=5e-4)
    assert largest_probability(swapped, -estimate.high) == pytest.approx(0.025, abs=5e-4)
    tails = largest_probability(observed, 0), largest_probability(swapped, 0)
    assert estimate.p == pytest.approx(min(1, 2 * min(tails)), abs=2e-3)


def test_known_differences_of_proportions() -> None:
    apart, near = statistics.proportion_difference(8, 10, 2, 10), statistics.proportion_difference(6, 10, 4, 10)
    assert apart.low > 0
    assert apart.p < 0.05
    assert near.low < 0 < near.high
    assert near.p > 0.05


def test_the_largest_difference_of_proportions_is_one() -> None:
    estimate = statistics.proportion_difference(10, 10, 0, 10)
    assert (estimate.effect, estimate.high) == (1, 1)
    assert estimate.p == pytest.approx(2 / 2**20)
    assert statistics.proportion_difference(0, 10, 0, 10).p == 1


def test_the_n_of_a_difference_is_that_of_the_smaller_group() -> None:
    assert statistics.proportion_difference(1, 6, 4, 9).n == 6


def test_the_interval_covers_the_true_difference_at_least_95_times_in_100() -> None:
    counts = itertools.product(range(11), repeat=2)
    estimates = {(a, b): statistics.proportion_difference(a, 10, b, 10) for a, b in counts}
    for true_a, true_b in [(0.5, 0.5), (0.1, 0.1), (0.9, 0.3), (0.7, 0.4), (0.2, 0.95), (0.0, 0.25)]:
        covered = [
            binom.pmf(i, 10, true_a) * binom.pmf(j, 10, true_b)
            for (i, j), estimate in estimates.items()
            if estimate.low - 1e-9 <= true_a - true_b <= estimate.high + 1e-9
        ]
        assert sum(covered) >= 0.95


GROUP = st.integers(1, 12).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(GROUP, GROUP)
def test_the_difference_is_sound_and_antisymmetric_and_p_agrees_with_the_interval(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    estimate, swapped = statistics.proportion_difference(*a, *b), statistics.proportion_difference(*b, *a)
    assert is_sound(estimate)
    assert swapped == pytest.approx((-estimate.effect, -estimate.high, -estimate.low, estimate.p, estimate.n))
    assert (estimate.p < 0.05) == (estimate.low > 0 or estimate.high < 0)


# holm


def test_holm_multiplies_the_smallest_p_by_all_and_the_next_by_one_fewer() -> None:
    assert statistics.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert statistics.holm([0.9, 0.8]) == [1, 1]
    assert statistics.holm([]) == []


@settings(max_examples=20)  # statsmodels runs the garbage collector at each call, a tenth of a second
@given(st.lists(st.integers(0, 1000).map(lambda number: number / 1000), min_size=1, max_size=20))
def test_holm_never_lowers_a_p_and_keeps_the_order(ps: list[float]) -> None:
    adjusted = np.array(statistics.holm(ps))
    assert (adjusted >= np.array(ps) - 1e-15).all()
    assert (np.diff(adjusted[np.argsort(ps, kind="stable")]) >= 0).all()
    assert (adjusted <= 1).all()


# diebold_mariano


def newey_west(values: Array) -> tuple[float, float]:
    """Return the standard error of the mean, and t, computed as sums."""
    n, centred = values.size, values - values.mean()
    lags = math.floor(4 * (n / 100) ** (2 / 9))
    variance = np.sum(centred**2)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * np.sum(centred[lag:] * centred[:-lag])
    error = math.sqrt(variance * n / (n - 1)) / n
    return error, values.mean() / error


@pytest.mark.parametrize("days", [12, 100, 544])
def test_diebold_mariano_is_newey_and_wests_t(days: int) -> None:
    generator = np.random.default_rng(days)
    losses_a = np.convolve(generator.normal(0, 1, days + 4), np.ones(5), "valid") ** 2  # neighbours are correlated
    losses_b = generator.normal(0, 2, days) ** 2
    estimate = statistics.diebold_mariano(losses_a, losses_b)
    error, ratio = newey_west(losses_a - losses_b)
    half = t.ppf(0.975, days - 1) * error
    expected = (losses_a - losses_b).mean()
    assert estimate[:3] == pytest.approx((expected, expected - half, expected + half))
    assert estimate.p == pytest.approx(2 * t.sf(abs(ratio), days - 1))
    assert estimate.n == days


def test_correlated_days_have_a_larger_standard_error() -> None:
    losses = np.random.default_rng(0).normal(0.4, 1, 50)
    runs = np.repeat(losses[:10], 5)
    error, _ = newey_west(runs)
    assert error > 1.3 * runs.std() / math.sqrt(50)
    assert statistics.diebold_mariano(runs, np.zeros(50)).p == pytest.approx(2 * t.sf(abs(runs.mean()) / error, 49))


def test_equal_losses_have_difference_0_and_p_1() -> None:
    losses = np.arange(20.0)
    assert statistics.diebold_mariano(losses, losses) == Estimate(0, 0, 0, 1, 20)


def test_a_constant_difference_of_losses_has_an_interval_of_one_point() -> None:
    assert statistics.diebold_mariano(np.full(20, 3.0), np.full(20, 1.0)) == Estimate(2, 2, 2, 0, 20)
    assert statistics.diebold_mariano(np.array([3.0]), np.array([1.0])) == Estimate(2, 2, 2, 1, 1)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=40))
def test_diebold_mariano_is_sound_and_antisymmetric(pairs: list[tuple[float, float]]) -> None:
    losses_a, losses_b = np.array(pairs).T
    estimate, swapped = statistics.diebold_mariano(losses_a, losses_b), statistics.diebold_mariano(losses_b, losses_a)
    assert is_sound(estimate)
    assert swapped == pytest.approx((-estimate.effect, -estimate.high, -estimate.low, estimate.p, estimate.n))
