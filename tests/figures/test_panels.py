"""Panels of forecasts and of learning curves."""

from typing import Any

import numpy as np

from figures.kinds.stored import ACTUAL, DAYS
from volopt.figures import colours, panels
from volopt.figures.chart import Band, Line, Points, Subplot
from volopt.figures.trial_series import ForecastSeries, LossCurves

SEEDS = np.array([ACTUAL * 0.5, ACTUAL * 1.5, ACTUAL * 0.7])
LOSSES = [np.array([4.0, 2.0, 1.0]), np.array([8.0, 6.0]), np.array([9.0, 1.0])]


def curves(best: int | None = None) -> list[LossCurves]:
    return [LossCurves(seed, losses / 2, losses, best) for seed, losses in enumerate(LOSSES)]


def only(panel: Subplot, kind: type, colour: str) -> Any:
    (found,) = (mark for mark in panel.marks if isinstance(mark, kind) and getattr(mark, "colour", "") == colour)
    return found


def test_losses_are_the_mean_and_range_of_the_seeds_still_training() -> None:
    panel = panels.curves(curves())
    line, band = only(panel, Line, colours.SPLITS["valid"]), only(panel, Band, colours.SPLITS["valid"])
    assert list(line.x) == list(band.x) == [1, 2, 3]
    assert (line.y, band.low, band.high) == ([7.0, 3.0, 1.0], [4.0, 1.0, 1.0], [9.0, 6.0, 1.0])
    assert only(panel, Line, colours.SPLITS["train"]).y == [3.5, 1.5, 0.5]
    assert (panel.y.kind, panel.x.title) == ("log", "epoch")


def test_epochs_are_told_at_even_distances() -> None:
    assert panels.curves(curves()).x.ticks == [(1, "1"), (2, "2"), (3, "3")]
    long = [LossCurves(0, np.ones(100), np.ones(100), None)]
    assert panels.curves(long).x.ticks == [(epoch, str(epoch)) for epoch in (20, 40, 60, 80, 100)]


def test_one_seed_has_no_range() -> None:
    panel = panels.curves(curves()[:1])
    assert [type(mark) for mark in panel.marks] == [Line, Line]
    panel = panels.forecast(ForecastSeries(DAYS, ACTUAL, SEEDS[:1]), "RNN", "$volume")
    assert [type(mark) for mark in panel.marks] == [Line, Line]


def test_the_epoch_that_early_stopping_kept_is_marked_seed_by_seed() -> None:
    marked = panels.curves(curves(best=2), keeps_best=True).marks[-1]
    assert isinstance(marked, Points)
    assert (marked.x, marked.y) == ([2, 2, 2], [2.0, 6.0, 1.0])
    assert not any(isinstance(mark, Points) for mark in panels.curves(curves(best=2)).marks)
    assert not any(isinstance(mark, Points) for mark in panels.curves(curves(), keeps_best=True).marks)


def test_forecasts_are_the_mean_and_range_over_seeds_by_date() -> None:
    panel = panels.forecast(ForecastSeries(DAYS, ACTUAL, SEEDS), "LSTM", "$volume")
    line, band = only(panel, Line, colours.CELLS["LSTM"]), only(panel, Band, colours.CELLS["LSTM"])
    assert line.x == [str(day) for day in DAYS]
    assert np.allclose(np.asarray(line.y, dtype=float), 0.9 * ACTUAL)
    assert (band.low, band.high) == ((0.5 * ACTUAL).tolist(), (1.5 * ACTUAL).tolist())
    assert only(panel, Line, colours.ACTUAL).y == ACTUAL.tolist()
    assert (panel.x.kind, panel.y.title) == ("date", "$volume, original units")


def test_the_baseline_is_a_line_below_the_trials() -> None:
    panel = panels.forecast(ForecastSeries(DAYS, ACTUAL, SEEDS), "LSTM", "$volume", baseline=("har", 2 * ACTUAL))
    line = only(panel, Line, colours.BASELINES["har"])
    assert line.y == (2 * ACTUAL).tolist()
    assert panel.marks.index(line) < panel.marks.index(only(panel, Line, colours.CELLS["LSTM"]))


def test_a_baseline_of_the_cells_colour_is_grey() -> None:
    assert colours.BASELINES["har"] == colours.CELLS["GRU"]
    panel = panels.forecast(ForecastSeries(DAYS, ACTUAL, SEEDS), "GRU", "$volume", baseline=("har", 2 * ACTUAL))
    assert only(panel, Line, colours.GREY).y == (2 * ACTUAL).tolist()


def test_lines_break_where_days_go_back_or_jump_by_more_than_holidays() -> None:
    days = np.array(["2018-01-02", "2018-01-12", "2018-01-23", "2018-01-02", "2018-01-02"], "datetime64[D]")
    assert panels.breaks(days) == [2, 3, 4]
    panel = panels.forecast(ForecastSeries(days, ACTUAL[:5], SEEDS[:, :5]), "RNN", "$volume")
    for mark in panel.marks:
        assert isinstance(mark, Line | Band)
        assert [at is None for at in mark.x] == [False, False, True, False, True, False, True, False]
    a, b, c, d, e = ACTUAL[:5].tolist()
    assert only(panel, Line, colours.ACTUAL).y == [a, b, None, c, None, d, None, e]
    assert only(panel, Band, colours.CELLS["RNN"]).low == [a / 2, b / 2, None, c / 2, None, d / 2, None, e / 2]


def test_what_is_not_finite_is_a_gap() -> None:
    assert panels.numbers(np.array([1.0, np.nan, np.inf])) == [1.0, None, None]
