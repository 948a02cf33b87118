"""The draws of seeds and days."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.selection import noise


def test_drawn_days_keep_the_mean_and_move_equal_series_equally() -> None:
    random = np.random.default_rng(0)
    losses = random.gamma(2.0, size=(3, 200))
    losses[2] = 5 * losses[1]
    ratios = noise.draw_days(losses, 4, random)
    assert np.exp(ratios).mean(axis=0) == pytest.approx(1, abs=0.01)
    np.testing.assert_allclose(ratios[:, 2], ratios[:, 1], atol=1e-12)


def test_a_block_of_all_days_draws_each_day_once() -> None:
    losses = np.random.default_rng(0).gamma(2.0, size=(2, 50))
    np.testing.assert_allclose(noise.draw_days(losses, 50, np.random.default_rng(1)), 0, atol=1e-12)


def test_losses_with_memory_have_long_blocks() -> None:
    random = np.random.default_rng(0)
    shocks = random.normal(size=(1, 600))
    remembered = np.exp(np.cumsum(shocks, axis=1) / 20)
    assert noise.block_length(remembered) > 5 * noise.block_length(np.exp(shocks))
    assert noise.block_length(np.ones((2, 30))) == 1


def test_three_seeds_have_the_unbiased_standard_error() -> None:
    random = np.random.default_rng(0)
    scatter = noise.seed_scatter(list(random.normal(1, 0.1, size=(400, 3))))
    assert np.sqrt((scatter**2).mean()) == pytest.approx(0.1 / 3**0.5, rel=0.1)
    assert noise.draw_seeds(scatter, random).std() == pytest.approx(0.1 / 3**0.5, rel=0.1)


def test_variances_are_moderated_towards_those_of_all_trials() -> None:
    quiet, loud = np.array([0.99, 1.0, 1.01]), np.array([0.5, 1.0, 1.5])
    own = np.array([each.std(ddof=1) / 3**0.5 for each in (quiet, loud)])
    moderated = noise.seed_scatter([quiet, loud])
    assert own[0] < moderated[0] < moderated[1] < own[1]


def test_a_trial_of_one_seed_has_the_scatter_of_the_others_and_none_where_all_have_one() -> None:
    scatter = noise.seed_scatter([np.array([1.0]), np.array([0.9, 1.1]), np.array([1.8, 2.2])])
    assert scatter[0] == pytest.approx(scatter[1] * 2**0.5)
    assert not noise.seed_scatter([np.array([1.0]), np.array([2.0])]).any()


def test_seeds_that_never_differ_have_no_scatter() -> None:
    scatter = noise.seed_scatter([np.ones(3), np.full(3, 2.0)])
    assert not scatter.any()
    np.testing.assert_allclose(noise.draw_seeds(scatter, np.random.default_rng(0)), 0, atol=1e-7)


@given(st.lists(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=5), min_size=1, max_size=8))
def test_any_positive_errors_have_finite_draws(errors: list[list[float]]) -> None:
    scatter = noise.seed_scatter([np.array(each) for each in errors])
    assert np.isfinite(noise.draw_seeds(scatter, np.random.default_rng(0))).all()


def test_exchanged_scatter_is_that_of_any_trial() -> None:
    lucky, noisy, single = np.array([1.0, 1.0, 1.0, 1.0]), np.array([0.5, 1.5]), np.array([1.0])
    scatter = noise.exchanged_scatter([lucky, noisy, single], np.random.default_rng(0))
    assert scatter.shape == (noise.DRAWS, 3)
    largest = noisy.std(ddof=1) / np.sqrt([4, 2, 1])
    for column, own in zip(scatter.T, largest, strict=True):
        assert set(column.round(12)) == {0.0, own.round(12)}
    assert (scatter > 0).mean(axis=0) == pytest.approx(0.5, abs=0.05)
    assert not noise.exchanged_scatter([single, single], np.random.default_rng(0)).any()
