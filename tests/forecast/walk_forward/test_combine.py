"""Weights of a combination: the best of the simplex, decided by past errors."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from volopt.forecast.walk_forward.combine import MEMBERS, MIN_ERRORS, combined, past_errors, stacked_weights
from volopt.metrics import Array

STEPS = 60
SIMPLEX = np.array([(i, j, STEPS - i - j) for i in range(STEPS + 1) for j in range(STEPS + 1 - i)]) / STEPS


@st.composite
def errors_of_members(draw: st.DrawFn) -> Array:
    """Draw errors with any correlation and size, also ones of which a member is a copy of another."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mixing = np.array(draw(st.lists(st.floats(-3, 3), min_size=9, max_size=9))).reshape(3, 3)
    errors: Array = random.normal(size=(draw(st.integers(MIN_ERRORS, 300)), 3)) @ mixing
    return errors + 0.01 * random.normal(size=errors.shape) * draw(st.booleans())


CHANCE = np.random.default_rng(0).normal(size=(MIN_ERRORS, 1))


@given(errors_of_members())
@example(CHANCE * [1, 1, -1])  # one member undoes the errors of another
@example(CHANCE * [1, 1, 1])
@example(CHANCE * [2, -1, 0])
@example(CHANCE * [0, 0, 0])
@example(CHANCE * [1e-9, -3e-9, 1e-9])
def test_no_point_of_the_simplex_has_a_smaller_error(errors: Array) -> None:
    weights = stacked_weights(errors, 3)
    assert (weights >= 0).all()
    assert weights.sum() == pytest.approx(1)
    mean = np.mean((errors @ weights) ** 2)
    grid = ((errors @ SIMPLEX.T) ** 2).mean(axis=0)
    assert mean <= grid.min() * (1 + 1e-6) + 1e-12


def test_with_few_errors_each_seed_counts_as_a_baseline_and_days_without_one_do_not_count() -> None:
    errors = np.random.default_rng(0).normal(size=(MIN_ERRORS, 3)) * [1, 2, 3]
    assert len(set(stacked_weights(errors, 3))) == 3
    errors[5, 1] = np.nan
    assert stacked_weights(errors, 3).tolist() == [3 / 5, 1 / 5, 1 / 5]


def test_errors_are_relative_to_those_of_har_on_the_same_instrument() -> None:
    """An instrument with tenfold errors has the same say."""
    random = np.random.default_rng(0)
    size = np.repeat([1.0, 10.0], 50)
    columns = {name: np.exp(size * random.normal(size=100)) for name in ("har", *MEMBERS)}
    columns |= {"actual": np.ones(100), "instrument": np.repeat([0, 1], 50)}
    past = np.arange(100) % 2 == 0
    found = past_errors(columns, past, log=True)
    for own in (slice(0, 25), slice(25, 50)):
        har = np.log(columns["har"][past][own])
        expected = -np.column_stack([np.log(columns[name][past][own]) for name in MEMBERS]) / np.sqrt((har**2).mean())
        np.testing.assert_allclose(found[own], expected, rtol=1e-12)


@pytest.mark.parametrize("log", [False, True])
def test_a_combination_lies_between_its_members(log: bool) -> None:
    forecasts = {name: np.array([1.0, 4.0]) * (number + 1) for number, name in enumerate(MEMBERS)}
    weights = dict(zip(MEMBERS, (0.5, 0.0, 0.5), strict=True))
    expected = [3**0.5, 4 * 3**0.5] if log else [2.0, 8.0]
    np.testing.assert_allclose(combined(forecasts, weights, log=log), expected)
