"""The set of the trials that cannot be told from the best."""

import numpy as np
import pytest
from arch.bootstrap import MCS
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from volopt.selection.confidence_set import confidence_set


def noise_of(series: int, seed: int = 0, scale: float = 1.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(0, scale, (1000, series))


def test_who_is_far_behind_leaves_and_who_is_near_stays() -> None:
    assert confidence_set(np.array([0.0, 0.5, 30.0, 1.0]), noise_of(4)).tolist() == [0, 1, 3]


@pytest.mark.parametrize("seed", range(5))
def test_on_days_alone_it_is_the_set_of_arch(seed: int) -> None:
    random = np.random.default_rng(seed)
    losses = random.gamma(2.0, size=(300, 8)) + np.linspace(0, 0.8, 8)
    drawn = random.integers(0, 300, (2000, 300))
    means = np.stack([losses[rows].mean(axis=0) for rows in drawn])
    mcs = MCS(losses, size=0.1, reps=2000, block_size=1, method="R", bootstrap="cbb", seed=seed)
    mcs.compute()
    ours = confidence_set(losses.mean(axis=0), means - losses.mean(axis=0)).tolist()
    doubtful = {int(name) for name, p in mcs.pvalues["Pvalue"].items() if 0.07 < p < 0.13}
    assert set(ours) ^ set(mcs.included) <= doubtful


def test_one_series_or_equal_ones_without_noise_are_all_in_the_set() -> None:
    assert confidence_set(np.array([3.0]), noise_of(1)).tolist() == [0]
    assert confidence_set(np.array([3.0, 3.0]), np.zeros((10, 2))).tolist() == [0, 1]
    assert confidence_set(np.array([3.0, 3.1]), np.zeros((10, 2))).tolist() == [0]


@given(st.permutations(range(6)), st.floats(0.5, 5))
@settings(max_examples=20)
def test_it_does_not_depend_on_order_or_level(order: list[int], level: float) -> None:
    values, noise = np.array([0.0, 1.0, 2.0, 3.0, 4.0, 9.0]), noise_of(6)
    expected = set(confidence_set(values, noise).tolist())
    moved = confidence_set(values[order] + level, noise[:, order])
    assert {order[index] for index in moved} == expected
