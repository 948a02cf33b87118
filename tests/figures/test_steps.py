import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.figures.steps import round_step


@pytest.mark.parametrize(
    ("least", "step"), [(1, 1), (1.01, 2), (2, 2), (2.5, 5), (5, 5), (7, 10), (50, 50), (1000, 1000), (0.03, 0.05)]
)
def test_a_step_is_the_next_round_number(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


@given(st.floats(1e-12, 1e12))
def test_a_step_is_no_less_and_not_much_more(least: float) -> None:
    assert least <= round_step(least) <= 2.5 * least * (1 + 1e-9)
