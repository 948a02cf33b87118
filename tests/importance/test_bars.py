"""Shares with their intervals."""

import numpy as np
import pytest

from volopt.importance.bars import Bar, Importance, with_draws

DRAWS = np.column_stack([np.linspace(0.5, 0.7, 101), np.linspace(0.5, 0.3, 101)])


def test_a_margin_widens_each_interval_at_both_ends_and_leaves_the_share_of_first_places() -> None:
    alone = Importance("search", "fANOVA", 14, "trials", [Bar("window", 0.6), Bar("cell", 0.4)], 2)
    plain, wide = with_draws(alone, DRAWS, 14), with_draws(alone, DRAWS, 14, margin=np.array([0.1, 0.4]))
    assert [(bar.low, bar.high) for bar in plain.bars] == [pytest.approx((0.505, 0.695)), pytest.approx((0.305, 0.495))]
    assert [(bar.low, bar.high) for bar in wide.bars] == [pytest.approx((0.405, 0.795)), pytest.approx((0.0, 0.895))]
    assert [bar.first for bar in wide.bars] == [bar.first for bar in plain.bars]
