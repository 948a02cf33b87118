"""The error by what a grid varies."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import bootstrap

from figures.kinds.stored import Stored, really_run
from volopt.figures import colours
from volopt.figures.chart import Intervals, Points, ReferenceLine, Subplot
from volopt.figures.kinds.error import chart
from volopt.figures.study_view import NothingToPlotError
from volopt.studies import study as studies

LOSSES = [1.0, 2.0, 4.0, 5.0]


def rows(factor: float) -> list[dict[str, float]]:
    return [{"seed": seed, "valid_mse": factor * at, "test_mse": 10 * factor * at} for seed, at in enumerate(LOSSES)]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    stored_study = Stored(tmp_path)
    for number, size in enumerate((5, 25, 125, 250)):
        stored_study.add(seeds=rows(number + 1), cell="RNN", hidden_size=size)
    stored_study.add(seeds=rows(3.0), cell="LSTM", hidden_size=5)
    stored_study.add(seeds=rows(7.0), cell="LSTM", hidden_size=125)
    return stored_study


def series(subplot: Subplot, cell: str) -> Intervals:
    (match,) = (mark for mark in subplot.marks if isinstance(mark, Intervals) and mark.name == cell)
    return match


def test_each_key_has_a_row_of_valid_and_test(stored: Stored) -> None:
    figure = chart(stored.view)
    assert [subplot.title for subplot in figure.subplots] == [
        "width: valid_mse",
        "width: test_mse",
        "depth: valid_mse",
        "depth: test_mse",
    ]
    assert figure.columns == 2
    assert figure.title == "valid_mse and test_mse by hidden_size and num_layers"
    assert [text for _, text in figure.subplots[0].x.ticks] == ["5", "25", "125", "250"]
    assert (figure.subplots[0].x.kind, figure.subplots[0].y.kind) == ("log", "log")


def test_a_point_is_the_mean_over_seeds_with_the_bootstrap_interval(stored: Stored) -> None:
    intervals = series(chart(stored.view).subplots[0], "RNN")
    assert intervals.y == [3.0, 6.0, 9.0, 12.0]
    expected = bootstrap((np.array(LOSSES),), np.mean, confidence_level=0.95, n_resamples=9_999, rng=0)
    low, high = expected.confidence_interval
    assert (intervals.low[0], intervals.high[0]) == (pytest.approx(low), pytest.approx(high))
    assert intervals.colour == colours.CELLS["RNN"]
    assert series(chart(stored.view).subplots[1], "RNN").y == [30.0, 60.0, 90.0, 120.0]


def test_every_seed_is_a_paler_point_at_its_value(stored: Stored) -> None:
    subplot = chart(stored.view).subplots[0]
    intervals = series(subplot, "RNN")
    points = next(mark for mark in subplot.marks if isinstance(mark, Points) and next(iter(mark.x)) == intervals.x[0])
    assert points.y == [factor * loss for factor in (1, 2, 3, 4) for loss in LOSSES]
    assert list(points.x) == [at for at in intervals.x for _ in LOSSES]
    assert points.colour not in (intervals.colour, "#ffffff")


def test_series_stand_beside_each_other_at_each_value(stored: Stored) -> None:
    subplot = chart(stored.view).subplots[0]
    for lstm, rnn, (tick, _) in zip(series(subplot, "LSTM").x, series(subplot, "RNN").x, subplot.x.ticks, strict=True):
        assert isinstance(lstm, float)
        assert isinstance(rnn, float)
        assert 0.9 * tick < lstm < tick < rnn < 1.1 * tick


def test_a_point_without_a_trial_is_a_gap(stored: Stored) -> None:
    figure = chart(stored.view)
    assert series(figure.subplots[0], "LSTM").y == [9.0, None, 21.0, None]
    assert "8 of 14 points have no COMPLETE trial." in figure.notes


def test_the_best_baseline_is_a_rule_with_its_own_score_in_each_panel(stored: Stored) -> None:
    scores = {"valid_log_r2": 0.5, "valid_mse": 0.25, "test_mse": 0.75}
    studies.store_baselines(stored.study, {"har": scores, "ma5": scores | {"valid_log_r2": 0.1}})
    first, second, *_ = chart(stored.view).subplots
    assert [mark for mark in first.marks if isinstance(mark, ReferenceLine)] == [
        ReferenceLine(0.25, "har, the best baseline by valid", colours.BASELINES["har"])
    ]
    assert [mark.y for mark in second.marks if isinstance(mark, ReferenceLine)] == [0.75]


def test_what_is_no_positive_number_stands_at_even_places(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "batchnorm")
    for number, (depth, norm) in enumerate([(15, False), (15, True), (25, False), (25, True)]):
        stored.add(seeds=rows(number + 1), num_layers=depth, batch_norm=norm)
    norm, _, depth, _ = chart(stored.view).subplots
    assert [mark.name for mark in depth.marks if isinstance(mark, Intervals)] == ["batch_norm=False", "batch_norm=True"]
    assert [mark.name for mark in norm.marks if isinstance(mark, Intervals)] == ["num_layers=15", "num_layers=25"]
    assert norm.x.ticks == [(0.0, "False"), (1.0, "True")]
    assert series(norm, "num_layers=25").y == [9.0, 12.0]


def test_cells_alone_are_an_axis_of_their_own(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "loss_curves")
    stored.add(seeds=rows(1.0), cell="RNN")
    subplot = chart(stored.view).subplots[0]
    assert [text for _, text in subplot.x.ticks] == ["LSTM", "RNN"]
    assert series(subplot, "loss_curves").y == [None, 3.0]


def test_the_means_of_a_real_study_are_its_values(tmp_path: Path) -> None:
    view = really_run(tmp_path)
    values = {tuple(trial.params.values()): trial.value for trial in view.complete}
    drawn = [y for mark in chart(view).subplots[0].marks if isinstance(mark, Intervals) for y in mark.y]
    assert len(drawn) == 4
    assert all(any(y == pytest.approx(value) for value in values.values()) for y in drawn)


def test_nothing_is_drawn_without_a_grid_or_a_point_of_it(tmp_path: Path) -> None:
    search = Stored(tmp_path / "search", "search")
    with pytest.raises(NothingToPlotError, match="search has no grid phase"):
        chart(search.view)
    grid = Stored(tmp_path / "grid")
    grid.add(seeds=rows(1.0), window=50)
    with pytest.raises(NothingToPlotError, match="no point of the grids of grid is COMPLETE"):
        chart(grid.view)
