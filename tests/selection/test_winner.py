"""By how much the best of several looks better than it is."""

import numpy as np
import pytest

from volopt.selection.winner import optimism


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_it_is_the_mean_bias_of_the_winner(spread: float) -> None:
    biases, estimates = [], []
    for seed in range(200):
        random = np.random.default_rng(seed)
        truth = random.normal(0, spread, 30)
        values = truth + random.normal(size=30)
        winner = values.argmin()
        biases.append(truth[winner] - values[winner])
        estimates.append(optimism(values, random.normal(size=(500, 30))))
    assert np.mean(estimates) == pytest.approx(np.mean(biases), rel=0.25)


def test_a_single_trial_and_trials_without_noise_need_no_correction() -> None:
    assert optimism(np.array([1.0]), np.zeros((10, 1))) == 0
    assert optimism(np.array([1.0, 2.0]), np.zeros((10, 2))) == pytest.approx(0, abs=1e-9)
    assert optimism(np.array([1.0, 1.0]), np.zeros((10, 2))) == pytest.approx(0, abs=1e-9)
