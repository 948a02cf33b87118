"""A forecast for each point of the grid phases."""

from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

from figures.kinds.stored import ACTUAL, DAYS, Stored, trial_content
from volopt.figures import colours
from volopt.figures.chart import Band, Line
from volopt.figures.drawing.plotly import figure
from volopt.figures.kinds.grid import chart
from volopt.figures.study_view import NothingToPlotError

DEEP = """num_layers = [15, 25]
batch_norm = [false, true]

[[phase]]
name = "batchnorm"
sampler = "grid"
grid = { num_layers = [15, 25], batch_norm = [false, true] }
"""
SIZES, DEPTHS = (5, 25, 125, 250), (1, 5, 15, 25)
POINTS = [(cell, size, 1) for cell in ("LSTM", "RNN") for size in SIZES] + [
    (cell, 5, depth) for cell in ("LSTM", "RNN") for depth in DEPTHS[1:]
]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    stored_study = Stored(tmp_path)
    for number, (cell, size, depth) in enumerate(reversed(POINTS)):
        factor = 1 + number / 10
        content = trial_content((factor * ACTUAL, factor * ACTUAL))
        stored_study.add(content, cell=cell, hidden_size=size, num_layers=depth)
    return stored_study


def test_the_papers_sixteen_figures_stand_cell_by_cell_in_four_columns(stored: Stored) -> None:
    figure = chart(stored.view)
    widths = [f"{cell} hidden_size={size}" for cell in ("LSTM", "RNN") for size in SIZES]
    depths = [f"{cell} num_layers={depth}" for cell in ("LSTM", "RNN") for depth in DEPTHS]
    assert [subplot.title for subplot in figure.subplots] == widths + depths
    assert figure.columns == 4
    assert len({subplot.y.range for subplot in figure.subplots}) == 1


def test_cells_are_not_mixed_where_another_key_comes_before_them(tmp_path: Path) -> None:
    cells = DEEP.replace("num_layers = [15, 25]", 'cell = ["RNN", "LSTM"]')
    stored = Stored(tmp_path, "batchnorm", text=(DEEP, cells))
    stored.add(trial_content(), cell="RNN", batch_norm=True)
    figure = chart(stored.view)
    assert [subplot.title.split()[0] for subplot in figure.subplots] == ["LSTM", "LSTM", "RNN", "RNN"]
    assert figure.columns == 2


def test_each_panel_has_the_forecast_of_its_point(stored: Stored) -> None:
    figure = chart(stored.view)
    for subplot in figure.subplots[:8]:
        cell, _, size = subplot.title.replace("hidden_size=", " ").split(" ")
        number = len(POINTS) - 1 - POINTS.index((cell, int(size), 1))
        mean = subplot.marks[-1]
        assert isinstance(mean, Line)
        assert mean.colour == colours.CELLS[cell]
        drawn = np.asarray(mean.y, dtype=float) * 1e6
        assert np.allclose(drawn, (1 + number / 10) * ACTUAL, atol=2e-3 * ACTUAL.max())


def test_quantities_are_in_millions_and_days_by_their_month(stored: Stored) -> None:
    figure = chart(stored.view)
    first = figure.subplots[0]
    assert first.y.title == "$volume, millions"
    assert figure.subplots[1].y.title == ""
    assert first.x.ticks == [(0, "2018-01"), (30, "2018-02")]
    assert isinstance(first.marks[0], Band | Line)
    assert list(first.marks[0].x) == list(range(len(DAYS)))
    assert figure.facts["dates"][0] == [str(day) for day in DAYS]


def test_the_baseline_point_of_both_phases_is_one_trial(stored: Stored) -> None:
    figure = chart(stored.view)
    assert figure.subplots[0].marks == figure.subplots[8].marks
    assert len(figure.facts["dates"]) == 14


def test_the_figure_of_fourteen_points_over_a_year_is_small(tmp_path: Path) -> None:
    stored, days = Stored(tmp_path), np.datetime64("2018-01-02") + np.arange(243)
    noise = np.random.default_rng(0).lognormal(15, 1, (4, 243))
    content = trial_content(noise[:3], ((1.0,),) * 3, (None,) * 3, days, noise[3])
    for cell, size, depth in POINTS:
        stored.add(content, cell=cell, hidden_size=size, num_layers=depth)
    assert len(figure(chart(stored.view)).to_json()) < 200_000


def test_points_that_are_not_complete_show_what_came_and_say_so(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(), cell="RNN", hidden_size=25)
    stored.add(trial_content(), TrialState.PRUNED, cell="RNN", hidden_size=125)
    stored.add({"seeds": []}, cell="RNN", hidden_size=250)
    figure = chart(stored.view)
    shown = {subplot.title: subplot for subplot in figure.subplots}
    absent = [title for title in shown if title.endswith("· not complete")]
    assert len(absent) == len(figure.subplots) - 1
    assert [type(mark) for mark in shown[absent[0]].marks] == [Line]
    assert "Not complete: 15 of 16 subplots have no COMPLETE trial, or its file is gone." in figure.notes


def test_flat_lines_are_counted_in_the_title(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(forecasts=([5e6] * 40, ACTUAL)), cell="RNN", hidden_size=25)
    assert "RNN hidden_size=25 · 1 of 2 flat" in [subplot.title for subplot in chart(stored.view).subplots]


def test_a_forecast_far_out_does_not_press_the_others_flat(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(forecasts=(ACTUAL, 1e3 * ACTUAL)), cell="RNN", hidden_size=25)
    figure = chart(stored.view)
    low, high = figure.subplots[0].y.range or (0, 0)
    assert low <= ACTUAL.min() / 1e6
    assert ACTUAL.max() / 1e6 < high < 4 * ACTUAL.max() / 1e6
    assert "The axis cuts off forecasts that lie further out." in figure.notes
    band = next(mark for subplot in figure.subplots for mark in subplot.marks if isinstance(mark, Band))
    assert max(value or 0 for value in band.high) > high


def test_a_study_of_two_points_stands_side_by_side(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "loss_curves")
    stored.add(trial_content(), cell="RNN")
    assert chart(stored.view).columns == 2


def test_a_study_without_a_grid_is_sent_to_forecast(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "search")
    with pytest.raises(NothingToPlotError, match="search has no grid phase") as caught:
        chart(stored.view)
    assert "forecast" in caught.value.hint


def test_a_grid_whose_files_are_gone_has_nothing_to_show(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(None)
    with pytest.raises(NothingToPlotError, match="no point of the grids of grid has a forecast"):
        chart(stored.view)
