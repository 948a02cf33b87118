"""The analysis of variance of full grids, by hand, by statsmodels, and by what must not change it."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from volopt.importance import anova
from volopt.importance.anova import HIGHER, MAX_INTERACTIONS, OTHERS, SEEDS, components, importance

NAMES = ["a", "b"]


@st.composite
def tables(draw: st.DrawFn) -> np.ndarray:
    """Draw a table of two or three parameters with two to four seeds."""
    shape = [draw(st.integers(2, 4)) for _ in range(draw(st.integers(2, 3)))]
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return generator.normal(size=(*shape, draw(st.integers(2, 4))))


def names(table: np.ndarray) -> list[str]:
    return ["a", "b", "c"][: table.ndim - 1]


def test_a_table_of_two_by_two_by_hand() -> None:
    means = np.array([[1.0, 2.0], [4.0, 9.0]])  # grand mean 4; a: ∓2.5, b: ∓1.5, interaction: ±1
    found = components(
        means[..., None] + np.array([-0.1, 0.1]), NAMES
    )  # noise 0.02; of the means 0.01, an effect 0.0025
    assert found == pytest.approx({"a": 6.25 - 0.0025, "b": 2.25 - 0.0025, "a × b": 1 - 0.0025, SEEDS: 0.02})


@given(tables())
def test_components_sum_to_the_variance_of_the_table(table: np.ndarray) -> None:
    noise = table.var(axis=-1, ddof=1).mean()
    between = table.mean(axis=-1).var() - noise * (table[..., 0].size - 1) / table.size
    assert sum(components(table, names(table)).values()) == pytest.approx(between + noise)
    assert sum(bar.value for bar in importance("grid", table, names(table)).bars) == pytest.approx(1)


@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_values_and_of_parameters_changes_nothing(table: np.ndarray, random: object) -> None:
    found = components(table, names(table))
    shuffled = table[::-1][..., ::-1]
    assert components(shuffled, names(table)) == pytest.approx(found)
    swapped = components(np.swapaxes(table, 0, 1), ["b", "a", "c"][: table.ndim - 1])
    assert [swapped[key] for key in ("a", "b", SEEDS)] == pytest.approx([found[key] for key in ("a", "b", SEEDS)])


@given(tables())
def test_scale_and_level_change_no_share(table: np.ndarray) -> None:
    before, after = importance("grid", table, names(table)), importance("grid", 3 * table + 7, names(table))
    assert [bar.value for bar in after.bars] == pytest.approx([bar.value for bar in before.bars])
    assert [bar.low for bar in after.bars] == pytest.approx([bar.low for bar in before.bars], abs=1e-9)


def test_sums_of_squares_are_those_of_statsmodels() -> None:
    table = np.random.default_rng(0).normal(size=(2, 3, 4))
    index = pd.MultiIndex.from_product([range(size) for size in table.shape], names=["a", "b", "seed"])
    frame = pd.Series(table.ravel(), index=index, name="y").reset_index()
    theirs = anova_lm(ols("y ~ C(a) * C(b)", frame).fit())
    ours = anova.effects(table.mean(axis=-1)[None], NAMES)
    assert ours.mean_squares()[0] * table.size == pytest.approx(theirs["sum_sq"].to_numpy()[:3])
    assert ours.df.tolist() == theirs["df"].tolist()[:3]
    assert components(table, NAMES)[SEEDS] == pytest.approx(theirs["mean_sq"].iloc[3])


def test_an_effect_that_does_not_exist_is_0_on_average() -> None:
    generator = np.random.default_rng(0)
    level = np.array([0.0, 1.0])[:, None, None]
    found = [components(level + generator.normal(size=(2, 4, 3)), NAMES)["b"] for _ in range(2_000)]
    assert np.mean(found) == pytest.approx(0, abs=3 * np.std(found) / np.sqrt(len(found)))


def test_a_clear_order_is_settled_and_a_draw_needs_seeds() -> None:
    generator = np.random.default_rng(0)
    clear = np.array([0.0, 5.0])[:, None, None] + generator.normal(size=(2, 4, 3))
    found = importance("grid", clear, NAMES)
    assert found.settled
    assert found.more is None
    assert found.bars[0].first == pytest.approx(1, abs=0.01)
    assert sum(bar.first or 0 for bar in found.bars[:2]) == pytest.approx(1)
    level = 0.7 * (np.array([-1.0, 1.0])[:, None] + np.array([-1.2, 1.2]))
    near = importance("grid", level[..., None] + generator.normal(size=(2, 2, 3)), NAMES)
    assert not near.settled
    assert near.more is None or near.more > 0


def test_one_seed_has_neither_a_bar_for_seeds_nor_intervals() -> None:
    found = importance("grid", np.random.default_rng(0).normal(size=(2, 3, 1)), NAMES)
    assert [bar.name for bar in found.bars] == ["a", "b", "a × b"]
    assert {(bar.low, bar.high, bar.first) for bar in found.bars} == {(None, None, None)}
    assert not found.settled


def test_many_small_interactions_share_a_bar() -> None:
    table = np.random.default_rng(0).normal(size=(*[2] * 5, 2))
    found = importance("grid", table, list("abcde"))
    labels = [bar.name for bar in found.bars]
    assert labels[:5] == list("abcde")
    assert labels[-2:] == [OTHERS, SEEDS]
    assert len(labels) == 5 + MAX_INTERACTIONS + 2
    assert sum(bar.value for bar in found.bars) == pytest.approx(1)
    assert HIGHER in components(table, list("abcde"))


def test_seeds_without_scatter_leave_exact_shares() -> None:
    table = np.repeat(np.array([[1.0, 2.0], [4.0, 9.0]])[..., None], 3, axis=-1)
    for bar in importance("grid", table, NAMES).bars:
        assert (bar.low, bar.high) == pytest.approx((bar.value, bar.value))
