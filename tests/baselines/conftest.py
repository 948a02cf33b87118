"""A synthetic series for the tests of single baselines."""

import numpy as np
import pytest

from volopt.baselines.methods import History


@pytest.fixture(scope="session")
def history() -> History:
    """Return 500 days of a positive target that drifts, and two other features."""
    generator = np.random.default_rng(0)
    steps = generator.normal(0, 0.3, 500)
    log = 10 + np.cumsum(steps) - 0.5 * np.concatenate([[0], np.cumsum(steps)[:-1]])
    others = np.cumsum(generator.normal(0, [1, 100], (500, 2)), axis=0) + np.column_stack([steps, steps])
    return History(np.exp(log), log, others)
