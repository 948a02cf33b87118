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
    found = Stored(tmp_path)
    for number, size in enumerate((5, 25, 125, 250)):
        found.add(seeds=rows(number + 1), cell="RNN", hidden_size=size)
    found.add(seeds=rows(3.0), cell="LSTM", hidden_size=5)
    found.add(seeds=rows(7.0), cell="LSTM", hidden_size=125)
    return found


def series(panel: Subplot, cell: str) -> Intervals:
    (found,) = (mark for mark in panel.marks if isinstance(mark, Intervals) and mark.name == cell)
    return found


def test_each_key_has_a_row_of_valid_and_test(stored: Stored) -> None:
    found = chart(stored.subject)
    assert [panel.title for panel in found.panels] == [
        "width: valid_mse",
        "width: test_mse",
        "depth: valid_mse",
        "depth: test_mse",
    ]
    assert found.columns == 2
    assert found.title == "valid_mse by hidden_size and num_layers"
    assert [text for _, text in found.panels[0].x.ticks] == ["5", "25", "125", "250"]
    assert (found.panels[0].x.kind, found.panels[0].y.kind) == ("log", "log")


def test_a_point_is_the_mean_over_seeds_with_the_bootstrap_interval(stored: Stored) -> None:
    found = series(chart(stored.subject).panels[0], "RNN")
    assert found.y == [3.0, 6.0, 9.0, 12.0]
    expected = bootstrap((np.array(LOSSES),), np.mean, confidence_level=0.95, n_resamples=9_999, rng=0)
    low, high = expected.confidence_interval
    assert (found.low[0], found.high[0]) == (pytest.approx(low), pytest.approx(high))
    assert found.colour == colours.CELLS["RNN"]
    assert series(chart(stored.subject).panels[1], "RNN").y == [30.0, 60.0, 90.0, 120.0]


def test_every_seed_is_a_paler_point_at_its_value(stored: Stored) -> None:
    panel = chart(stored.subject).panels[0]
    found = series(panel, "RNN")
    points = next(mark for mark in panel.marks if isinstance(mark, Points) and next(iter(mark.x)) == found.x[0])
    assert points.y == [factor * loss for factor in (1, 2, 3, 4) for loss in LOSSES]
    assert list(points.x) == [at for at in found.x for _ in LOSSES]
    assert points.colour not in (found.colour, "#ffffff")


def test_series_stand_beside_each_other_at_each_value(stored: Stored) -> None:
    panel = chart(stored.subject).panels[0]
    for lstm, rnn, (tick, _) in zip(series(panel, "LSTM").x, series(panel, "RNN").x, panel.x.ticks, strict=True):
        assert isinstance(lstm, float)
        assert isinstance(rnn, float)
        assert 0.9 * tick < lstm < tick < rnn < 1.1 * tick


def test_a_point_without_a_trial_is_a_gap(stored: Stored) -> None:
    found = chart(stored.subject)
    assert series(found.panels[0], "LSTM").y == [9.0, None, 21.0, None]
    assert "8 of 14 points have no COMPLETE trial." in found.notes


def test_the_best_baseline_is_a_rule_with_its_own_score_in_each_panel(stored: Stored) -> None:
    scores = {"valid_log_r2": 0.5, "valid_mse": 0.25, "test_mse": 0.75}
    studies.keep_baselines(stored.study, {"har": scores, "ma5": scores | {"valid_log_r2": 0.1}})
    first, second, *_ = chart(stored.subject).panels
    assert [mark for mark in first.marks if isinstance(mark, ReferenceLine)] == [
        ReferenceLine(0.25, "har, the best baseline by valid", colours.BASELINES["har"])
    ]
    assert [mark.y for mark in second.marks if isinstance(mark, ReferenceLine)] == [0.75]


def test_what_is_no_positive_number_stands_at_even_places(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "batchnorm")
    for number, (depth, norm) in enumerate([(15, False), (15, True), (25, False), (25, True)]):
        stored.add(seeds=rows(number + 1), num_layers=depth, batch_norm=norm)
    norm, _, depth, _ = chart(stored.subject).panels
    assert [mark.name for mark in depth.marks if isinstance(mark, Intervals)] == ["batch_norm=False", "batch_norm=True"]
    assert [mark.name for mark in norm.marks if isinstance(mark, Intervals)] == ["num_layers=15", "num_layers=25"]
    assert norm.x.ticks == [(0.0, "False"), (1.0, "True")]
    assert series(norm, "num_layers=25").y == [9.0, 12.0]


def test_cells_alone_are_an_axis_of_their_own(tmp_path: Path) -> None:
    stored = Stored(tmp_path, "loss_curves")
    stored.add(seeds=rows(1.0), cell="RNN")
    panel = chart(stored.subject).panels[0]
    assert [text for _, text in panel.x.ticks] == ["LSTM", "RNN"]
    assert series(panel, "loss_curves").y == [None, 3.0]


def test_the_means_of_a_real_study_are_its_values(tmp_path: Path) -> None:
    subject = really_run(tmp_path)
    values = {tuple(trial.params.values()): trial.value for trial in subject.complete}
    drawn = [y for mark in chart(subject).panels[0].marks if isinstance(mark, Intervals) for y in mark.y]
    assert len(drawn) == 4
    assert all(any(y == pytest.approx(value) for value in values.values()) for y in drawn)


def test_nothing_is_drawn_without_a_grid_or_a_point_of_it(tmp_path: Path) -> None:
    search = Stored(tmp_path / "search", "search")
    with pytest.raises(NothingToPlotError, match="search has no grid phase"):
        chart(search.subject)
    grid = Stored(tmp_path / "grid")
    grid.add(seeds=rows(1.0), window=50)
    with pytest.raises(NothingToPlotError, match="no point of the grids of grid is COMPLETE"):
        chart(grid.subject)
