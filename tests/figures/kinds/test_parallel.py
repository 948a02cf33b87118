"""Parallel coordinates: every axis from its lowest to its highest value, labelled with these."""

import math

import pytest

from builders import STUDY
from figures.kinds.searches import MAXIMIZED, random, study_view, trial
from volopt.figures.chart import Chart, Line, ParallelLines
from volopt.figures.drawing.plotly import figure
from volopt.figures.kinds.parallel import chart


def lines(figure: Chart) -> ParallelLines:
    return next(mark for mark in figure.subplots[0].marks if isinstance(mark, ParallelLines))


def test_a_line_a_trial_goes_from_the_objective_through_the_parameters() -> None:
    trials = [
        trial(0.1, cell="RNN", window=2, learning_rate=1e-4),
        trial(0.2, cell="LSTM", window=6, learning_rate=1e-1),
        trial(0.4, cell="RNN", window=3, learning_rate=1e-2),
    ]
    figure = chart(study_view(*trials))
    assert [text for _, text in figure.subplots[0].x.ticks] == [
        "valid_mse\n0.1 … 0.4", "cell\nLSTM, RNN", "learning_rate\n0.0001 … 0.1\n(log)", "window\n2 … 6",
    ]  # fmt: skip
    drawn = lines(figure)
    assert list(drawn.x) == [0, 1, 2, 3] == [at for at, _ in figure.subplots[0].x.ticks]
    assert list(drawn.values) == [0.4, 0.2, 0.1]  # the best on top
    assert [list(row) for row in drawn.rows] == [
        pytest.approx([1, 1, 2 / 3, 0.25]),
        pytest.approx([1 / 3, 0, 1, 1]),
        pytest.approx([0, 1, 0, 0]),
    ]


def test_an_objective_over_decades_is_placed_by_its_logarithm() -> None:
    trials = [trial(value, window=window) for value, window in ((1.0, 2), (0.1, 3), (0.01, 4))]
    figure = chart(study_view(*trials))
    assert [row[0] for row in lines(figure).rows] == pytest.approx([1, 0.5, 0])
    assert figure.scale is not None
    assert figure.scale.log


def test_a_far_outlier_of_r2_stands_at_the_bottom() -> None:
    values = [0.5, 0.6, 0.55, 0.65, -20.0]
    figure = chart(study_view(*(trial(value, window=2 + n) for n, value in enumerate(values)), text=MAXIMIZED))
    drawn = lines(figure)
    assert list(drawn.values) == [-20.0, 0.5, 0.55, 0.6, 0.65]
    assert [row[0] for row in drawn.rows] == pytest.approx([0, 0, 1 / 3, 2 / 3, 1])
    assert figure.subplots[0].x.ticks[0][1] == "valid_log_r2\n0.5 … 0.65"


@pytest.mark.parametrize("text", [STUDY, MAXIMIZED])
def test_the_best_is_drawn_last(text: str) -> None:
    parallel = chart(study_view(*random(20), text=text))
    *_, last, _ = figure(parallel).data  # the colour bar comes after it
    best = lines(parallel).rows[-1]
    assert list(last.y)[-len(best) - 1 : -1] == list(best)
    assert best[0] == (1 if text == MAXIMIZED else 0)


def test_everything_is_within_the_axes_and_each_has_a_line() -> None:
    figure = chart(study_view(*random(40)))
    drawn = lines(figure)
    assert all(0 <= place <= 1 for row in drawn.rows for place in row if place is not None)
    for column in zip(*drawn.rows, strict=True):
        assert (min(column), max(column)) == (0, 1)
    upright = [mark for mark in figure.subplots[0].marks if isinstance(mark, Line)]
    assert [mark.x for mark in upright] == [[at, at] for at in drawn.x]


def test_values_that_are_all_the_same_stand_in_the_middle() -> None:
    figure = chart(study_view(trial(0.5, window=2), trial(0.5, window=3)))
    assert [row[0] for row in lines(figure).rows] == [0.5, 0.5]
    assert figure.scale is not None
    assert figure.scale.low < 0.5 < figure.scale.high
    assert math.isfinite(figure.scale.low)
