"""Sizes and ticks, whatever draws."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from volopt.figures.chart import Axis, Band, Bars, Chart, Line, ReferenceLine, Subplot
from volopt.figures.drawing.layout import axis_extent, chart_height, log_ticks, round_step, row_count, tick_text


@pytest.mark.parametrize(("subplots", "columns", "expected"), [(1, 1, 1), (4, 2, 2), (5, 2, 3), (3, 4, 1)])
def test_subplots_fill_rows(subplots: int, columns: int, expected: int) -> None:
    chart = Chart("t", [Subplot(Axis("x"), Axis("y"), [])] * subplots, columns=columns, row_height=100)
    assert row_count(chart) == expected
    assert chart_height(chart) == 60 + 100 * expected


@given(st.floats(1e-30, 1e30), st.floats(1.0, 1e15))
def test_the_ticks_of_a_log_axis_are_few_ascending_and_near_its_range(low: float, ratio: float) -> None:
    high = low * ratio
    ticks = log_ticks(low, high)
    assert 1 <= len(ticks) <= 12
    assert ratio < 1.1 or sum(low <= tick <= high for tick in ticks) >= 2  # otherwise the axis would say nothing
    assert ticks == sorted(set(ticks))
    assert all(low / 2.001 <= tick <= high * 2.001 for tick in ticks)


def test_ticks_are_round_numbers() -> None:
    assert [tick_text(tick) for tick in log_ticks(0.004, 0.03)] == ["0.002", "0.005", "0.01", "0.02", "0.05"]
    assert [tick_text(tick) for tick in log_ticks(0.02, 0.03)] == ["0.02", "0.022", "0.024", "0.026", "0.028", "0.03"]
    assert [tick_text(tick) for tick in log_ticks(1e-4, 0.1)] == ["0.0001", "0.001", "0.01", "0.1"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0001, "0.0001"), (5000.0, "5000"), (10_000.0, "10k"), (5e7, "50M"), (2e9, "2G"), (1e20, "1e+20")],
)
def test_large_ticks_are_written_short(value: float, text: str) -> None:
    assert tick_text(value) == text


def test_the_extent_of_an_axis_is_that_of_its_marks_without_gaps_and_dates() -> None:
    marks = [Line([1, 5], [2.0, None]), Band([3], [0.5], [7.0]), ReferenceLine(-1.0), Line(["2018-01-01"], [3.0])]
    subplot = Subplot(Axis("x"), Axis("y"), marks)
    assert axis_extent(subplot, subplot.x) == (1, 5)
    assert axis_extent(subplot, subplot.y) == (-1.0, 7.0)


def test_a_range_that_was_asked_for_is_the_extent() -> None:
    subplot = Subplot(Axis("x"), Axis("y", range=(0.0, 1.0)), [Line([1], [5.0])])
    assert axis_extent(subplot, subplot.y) == (0.0, 1.0)


def test_a_log_axis_extends_over_what_is_above_0() -> None:
    subplot = Subplot(Axis("x"), Axis("y", "log"), [Line([1, 2, 3], [-1.0, 0.0, 5.0])])
    assert axis_extent(subplot, subplot.y) == (5.0, 5.0)


def test_bars_have_their_lengths_on_the_x_axis() -> None:
    subplot = Subplot(Axis("x"), Axis("y", "category", names=["a"]), [Bars(["a"], [0.4])])
    assert axis_extent(subplot, subplot.x) == (0.4, 0.4)
    assert axis_extent(subplot, subplot.y) is None


def test_an_axis_without_marks_has_no_extent() -> None:
    subplot = Subplot(Axis("x"), Axis("y"), [])
    assert axis_extent(subplot, subplot.x) is None


@pytest.mark.parametrize(
    ("least", "step"), [(1, 1), (1.01, 2), (2, 2), (2.5, 5), (5, 5), (7, 10), (50, 50), (1000, 1000), (0.03, 0.05)]
)
def test_a_step_is_the_next_round_number(least: float, step: float) -> None:
    assert round_step(least) == pytest.approx(step)


@given(st.floats(1e-12, 1e12))
def test_a_step_is_no_less_and_not_much_more(least: float) -> None:
    assert least <= round_step(least) <= 2.5 * least * (1 + 1e-9)
