"""Contours: interpolated where trials are near each other, and nowhere else."""

import math
from itertools import product

import numpy as np
import pytest

from builders import STUDY, definition
from figures.kinds.searches import MAXIMIZED, random, study_view, trial
from volopt.figures.chart import Cells, FilledContour, Points, Subplot
from volopt.figures.kinds.contour import chart
from volopt.figures.study_view import NothingToPlotError

RATES = [10**-power for power in (1.0, 1.5, 2.0, 2.5, 3.0)]


def field(subplot: Subplot) -> FilledContour | None:
    return next((mark for mark in subplot.marks if isinstance(mark, FilledContour)), None)


def plane(window: float, rate: float) -> float:
    """Linear on the axes as drawn: the rate's is logarithmic."""
    return 1 + 0.1 * window + 0.05 * math.log10(rate)


def test_between_trials_a_field_is_linear_on_the_axes() -> None:
    trials = [trial(plane(w, rate), window=w, learning_rate=rate) for w, rate in product(range(2, 7), RATES)]
    (subplot,) = chart(study_view(*trials)).subplots
    assert {subplot.x.title, subplot.y.title} == {"window, days", "learning_rate"}
    drawn = field(subplot)
    assert drawn is not None
    assert subplot.marks.index(drawn) == 0  # points lie on top
    swapped = subplot.x.title == "learning_rate"
    for y, row in zip(drawn.y, drawn.z, strict=True):
        for x, z in zip(drawn.x, row, strict=True):
            assert z == pytest.approx(plane(*((y, x) if swapped else (x, y))), rel=1e-3)


def test_errors_over_decades_are_interpolated_by_their_logarithms_and_one_place_counts_once() -> None:
    trials = [
        trial(10 ** -(window - 2 + extra), window=window, learning_rate=rate, cell=cell)
        for window, rate in product(range(2, 7), RATES)
        for cell, extra in (("RNN", 0), ("LSTM", 1))
    ]
    figure = chart(study_view(*trials))
    assert figure.scale is not None
    assert figure.scale.log
    (subplot,) = figure.subplots
    drawn = field(subplot)
    assert drawn is not None
    by_window = np.asarray(drawn.z, dtype=float).mean(axis=1 if subplot.y.title == "window, days" else 0)
    windows = drawn.y if subplot.y.title == "window, days" else drawn.x
    assert np.log10(by_window) == pytest.approx(1.5 - np.asarray(windows), abs=1e-2)


def test_far_from_trials_nothing_is_drawn() -> None:
    rates = np.geomspace(1e-4, 1e-3, 6)
    near = [trial(plane(w, rate), window=w, learning_rate=rate) for w, rate in product((2, 3), rates)]
    figure = chart(study_view(*near, trial(9.0, window=6, learning_rate=0.1)))
    (subplot,) = figure.subplots
    drawn = field(subplot)
    assert drawn is not None
    by_window = subplot.x.title == "window, days"
    z = np.asarray(drawn.z, dtype=float) if by_window else np.asarray(drawn.z, dtype=float).T
    steps = np.asarray(drawn.y if by_window else drawn.x)
    assert np.isfinite(z[steps < 9e-4]).any()
    assert np.isnan(z[steps > 2e-3]).all()
    assert "elsewhere nothing is known" in figure.notes[-1]


def test_too_few_places_are_points_alone() -> None:
    rates = (1e-4, 1.5e-4, 2e-4, 3e-4)
    near = [trial(plane(w, rate), window=w, learning_rate=rate) for w, rate in product((2, 3), rates)]
    figure = chart(study_view(*near, trial(2.0, window=6, learning_rate=0.1), near[0]))
    (subplot,) = figure.subplots
    assert field(subplot) is None
    (points,) = subplot.marks
    assert isinstance(points, Points)
    assert len(points.x) == 10  # at nine places
    assert "too few trials to interpolate" in figure.notes[-1]


def test_places_on_a_line_are_points_alone() -> None:
    text = STUDY.replace("high = 6", "high = 18")
    places = [(2 + step, 10 ** (-4 + 3 * step / 16)) for step in range(17)]
    trials = [trial(1.0, of=definition(text), window=window, learning_rate=rate) for window, rate in places]
    (subplot,) = chart(study_view(*trials, text=text)).subplots
    assert field(subplot) is None


def test_an_outlier_of_r2_leaves_the_field_within_the_colours() -> None:
    trials = [trial(0.1 * w, window=w, learning_rate=rate) for w, rate in product(range(2, 7), RATES)]
    figure = chart(study_view(*trials[1:], trial(-50.0, window=2, learning_rate=RATES[0]), text=MAXIMIZED))
    drawn = field(figure.subplots[0])
    assert drawn is not None
    assert figure.scale is not None
    assert np.nanmin(np.asarray(drawn.z, dtype=float)) == pytest.approx(figure.scale.low) == pytest.approx(0.2)


def test_points_have_their_values_and_the_best_lie_on_top() -> None:
    trials = random(20)
    subplot = chart(study_view(*trials)).subplots[0]
    points = next(mark for mark in subplot.marks if isinstance(mark, Points))
    assert list(points.values) == sorted((each.value for each in trials), reverse=True)
    best = min(trials, key=lambda each: each.value or 0)
    assert f"{best.value:.4g}" in points.hover[-1]


def test_only_numbers_are_paired_where_two_of_them_vary() -> None:
    figure = chart(study_view(*random(20)))
    assert len(figure.subplots) == 3
    assert not any("cell" in axis.title for subplot in figure.subplots for axis in (subplot.x, subplot.y))


def test_names_are_paired_as_points_where_fewer_numbers_vary() -> None:
    trials = [trial(0.1 * w, window=w, cell=cell) for w in range(2, 7) for cell in ("RNN", "LSTM")]
    figure = chart(study_view(*trials))
    (subplot,) = figure.subplots
    assert {subplot.x.title, subplot.y.title} == {"cell", "window, days"}
    assert field(subplot) is None
    assert figure.notes[0].endswith("Points only: interpolation needs two numbers.")


def test_one_parameter_makes_no_pair() -> None:
    with pytest.raises(NothingToPlotError, match="only window varies in small"):
        chart(study_view(trial(0.1, window=2), trial(0.2, window=3)))


def test_a_grid_is_drawn_as_cells() -> None:
    grid = [trial(0.1 * size, "width", cell=cell, hidden_size=size) for cell in ("RNN", "LSTM") for size in (3, 5)]
    figure = chart(study_view(*grid))
    ((cells,),) = [subplot.marks for subplot in figure.subplots]
    assert isinstance(cells, Cells)
    assert "A cell has the mean of its trials" in figure.notes[-1]
