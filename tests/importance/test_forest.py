"""fANOVA: Optuna's numbers where both see the same space, and categories by their values."""

import numpy as np
import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import create_trial

from volopt.importance.forest import Encoded, fanova


@pytest.mark.parametrize("count", [6, 40])
def test_numbers_have_the_shares_of_optuna(count: int) -> None:
    generator = np.random.default_rng(count)
    columns = generator.random((count, 3))
    values = columns[:, 0] ** 2 + 0.3 * columns[:, 1] * columns[:, 2]
    space = {f"p{i}": FloatDistribution(0, 1) for i in range(3)}
    study = optuna.create_study()
    for row, value in zip(columns.tolist(), values.tolist(), strict=True):
        study.add_trial(create_trial(value=value, params=dict(zip(space, row, strict=True)), distributions=space))
    theirs = FanovaImportanceEvaluator(n_trees=8, seed=0).evaluate(study, params=list(space))
    ours = fanova(Encoded(columns, [[0], [1], [2]], [False] * 3), values, 8, 0)
    assert ours == pytest.approx([theirs[name] for name in space])


@settings(max_examples=20)
@given(st.integers(0, 1000), st.integers(2, 4))
def test_a_category_that_decides_alone_explains_most_and_of_two_values_everything(seed: int, values: int) -> None:
    """A tree separates one value of several at a time, so that another key may by chance do better first."""
    generator = np.random.default_rng(seed)
    category = generator.permutation(np.arange(20) % values)
    columns = np.column_stack([np.eye(values)[category], generator.random(20)])
    encoded = Encoded(columns, [list(range(values)), [values]], [True, False])
    decisive, other = fanova(encoded, category.astype(float), 8, 0)
    assert decisive > other
    if values == 2:
        assert (decisive, other) == pytest.approx((1, 0), abs=0.05)


def test_equal_values_explain_nothing() -> None:
    encoded = Encoded(np.random.default_rng(0).random((9, 2)), [[0], [1]], [False, False])
    assert fanova(encoded, np.ones(9), 4, 0).tolist() == [0, 0]
