"""A forecast for each point of the grid phases."""

from pathlib import Path

import numpy as np
import pytest
from optuna.trial import TrialState

from figures.kinds.stored import ACTUAL, DAYS, Stored, left
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
    found = Stored(tmp_path)
    for number, (cell, size, depth) in enumerate(reversed(POINTS)):
        factor = 1 + number / 10
        found.add(left((factor * ACTUAL, factor * ACTUAL)), cell=cell, hidden_size=size, num_layers=depth)
    return found


def test_the_papers_sixteen_figures_stand_cell_by_cell_in_four_columns(stored: Stored) -> None:
    found = chart(stored.subject)
    widths = [f"{cell} hidden_size={size}" for cell in ("LSTM", "RNN") for size in SIZES]
    depths = [f"{cell} num_layers={depth}" for cell in ("LSTM", "RNN") for depth in DEPTHS]
    assert [panel.title for panel in found.panels] == widths + depths
    assert found.columns == 4
    assert len({panel.y.range for panel in found.panels}) == 1


def test_cells_are_not_mixed_where_another_key_comes_before_them(tmp_path: Path) -> None:
    cells = DEEP.replace("num_layers = [15, 25]", 'cell = ["RNN", "LSTM"]')
    stored = Stored(tmp_path, "batchnorm", text=(DEEP, cells))
    stored.add(left(), cell="RNN", batch_norm=True)
    found = chart(stored.subject)
    assert [panel.title.split()[0] for panel in found.panels] == ["LSTM", "LSTM", "RNN", "RNN"]
    assert found.columns == 2


def test_each_panel_has_the_forecast_of_its_point(stored: Stored) -> None:
    found = chart(stored.subject)
    for panel in found.panels[:8]:
        cell, _, size = panel.title.replace("hidden_size=", " ").split(" ")
        number = len(POINTS) - 1 - POINTS.index((cell, int(size), 1))
        mean = panel.marks[-1]
        assert isinstance(mean, Line)
        assert mean.colour == colours.CELLS[cell]
        drawn = np.asarray(mean.y, dtype=float) * 1e6
        assert np.allclose(drawn, (1 + number / 10) * ACTUAL, atol=2e-3 * ACTUAL.max())


def test_quantities_are_told_in_millions_and_days_by_their_month(stored: Stored) -> None:
    found = chart(stored.subject)
    first = found.panels[0]
    assert first.y.title == "$volume, millions"
    assert found.panels[1].y.title == ""
    assert first.x.ticks == [(0, "2018-01"), (30, "2018-02")]
    assert isinstance(first.marks[0], Band | Line)
    assert list(first.marks[0].x) == list(range(len(DAYS)))
    assert found.facts["dates"][0] == [str(day) for day in DAYS]


def test_the_baseline_point_of_both_phases_is_one_trial(stored: Stored) -> None:
    found = chart(stored.subject)
    assert found.panels[0].marks == found.panels[8].marks
    assert len(found.facts["dates"]) == 14


def test_the_figure_of_fourteen_points_over_a_year_is_small(tmp_path: Path) -> None:
    stored, days = Stored(tmp_path), np.datetime64("2018-01-02") + np.arange(243)
    noise = np.random.default_rng(0).lognormal(15, 1, (4, 243))
    content = left(noise[:3], ((1.0,),) * 3, (None,) * 3, days, noise[3])
    for cell, size, depth in POINTS:
        stored.add(content, cell=cell, hidden_size=size, num_layers=depth)
    assert len(figure(chart(stored.subject)).to_json()) < 200_000


def test_points_that_are_not_complete_show_what_came_and_say_so(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(left(), cell="RNN", hidden_size=25)
    stored.add(left(), TrialState.PRUNED, cell="RNN", hidden_size=125)
    stored.add({"seeds": []}, cell="RNN", hidden_size=250)
    found = chart(stored.subject)
    shown = {panel.title: panel for panel in found.panels}
    absent = [title for title in shown if title.endswith("· not complete")]
    assert len(absent) == len(found.panels) - 1
    assert [type(mark) for mark in shown[absent[0]].marks] == [Line]
    assert "Not complete: 15 of 16 panels have no COMPLETE trial, or its file is gone." in found.notes


def test_flat_lines_are_counted_in_the_title(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(left(forecasts=([5e6] * 40, ACTUAL)), cell="RNN", hidden_size=25)
    assert "RNN hidden_size=25 · 1 of 2 flat" in [panel.title for panel in chart(stored.subject).panels]


def test_a_forecast_far_out_does_not_press_the_others_flat(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(left(forecasts=(ACTUAL, 1e3 * ACTUAL)), cell="RNN", hidden_size=25)
    found = chart(stored.subject)
    low, high = found.panels[0].y.range or (0, 0)
    assert low <= ACTUAL.min() / 1e6
    assert ACTUAL.max() / 1e6 < high < 4 * ACTUAL.max() / 1e6
    assert "Forecasts further out than the axis are cut off." in found.notes
    band = next(mark for panel in found.panels for mark in panel.marks if isinstance(mark, Band))
    assert max(value or 0 for value in band.high) > high


def test_a_study_of_two_points_stands_side_by_side(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "loss_curves")
    stored.add(left(), cell="RNN")
    assert chart(stored.subject).columns == 2


def test_a_study_without_a_grid_is_sent_to_forecast(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "search")
    with pytest.raises(NothingToPlotError, match="search has no grid phase") as told:
        chart(stored.subject)
    assert "forecast" in told.value.hint


def test_a_grid_whose_files_are_gone_has_nothing_to_show(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(None)
    with pytest.raises(NothingToPlotError, match="no point of the grids of grid has a forecast"):
        chart(stored.subject)
