"""Subplots of forecasts and of learning curves."""

from typing import Any

import numpy as np

from figures.kinds.stored import ACTUAL, DAYS
from volopt.figures import colours, subplots
from volopt.figures.chart import Band, Line, Points, Subplot
from volopt.figures.forecast_series import ForecastSeries
from volopt.metrics import Array
from volopt.studies.trial_file import InstrumentRows, StoredCurves, StoredSeed
from volopt.windows.split import Dates

SEEDS = np.array([ACTUAL * 0.5, ACTUAL * 1.5, ACTUAL * 0.7])
LOSSES = [[4.0, 2.0, 1.0], [8.0, 6.0], [9.0, 1.0]]


def stored(*losses: list[float], best: int | None = None) -> list[StoredSeed]:
    curves = [StoredCurves(train_mse=[loss / 2 for loss in seed], valid_mse=seed) for seed in losses]
    return [StoredSeed(seed=i, metrics={"best_epoch": best}, curves=each) for i, each in enumerate(curves)]


def curves(best: int | None = None) -> list[StoredSeed]:
    return stored(*LOSSES, best=best)


def series(seeds: Array = SEEDS, days: Dates = DAYS) -> ForecastSeries:
    return ForecastSeries(days, ACTUAL[: len(days)], seeds, 0, InstrumentRows("", slice(0, len(days)), np.nan))


def only(subplot: Subplot, kind: type, colour: str) -> Any:
    (match,) = (mark for mark in subplot.marks if isinstance(mark, kind) and getattr(mark, "colour", "") == colour)
    return match


def test_losses_are_the_mean_and_range_of_the_seeds_still_training() -> None:
    subplot = subplots.loss_curves(curves())
    line, band = only(subplot, Line, colours.SPLITS["valid"]), only(subplot, Band, colours.SPLITS["valid"])
    assert list(line.x) == list(band.x) == [1, 2, 3]
    assert (line.y, band.low, band.high) == ([7.0, 3.0, 1.0], [4.0, 1.0, 1.0], [9.0, 6.0, 1.0])
    assert only(subplot, Line, colours.SPLITS["train"]).y == [3.5, 1.5, 0.5]
    assert (subplot.y.kind, subplot.x.title) == ("log", "epoch")


def test_epoch_ticks_have_even_distances() -> None:
    assert subplots.loss_curves(curves()).x.ticks == [(1, "1"), (2, "2"), (3, "3")]
    long = stored([1.0] * 100)
    assert subplots.loss_curves(long).x.ticks == [(epoch, str(epoch)) for epoch in (20, 40, 60, 80, 100)]


def test_one_seed_has_no_range() -> None:
    subplot = subplots.loss_curves(curves()[:1])
    assert [type(mark) for mark in subplot.marks] == [Line, Line]
    subplot = subplots.forecast(series(SEEDS[:1]), "RNN", "$volume")
    assert [type(mark) for mark in subplot.marks] == [Line, Line]


def test_the_epoch_that_early_stopping_kept_is_marked_seed_by_seed() -> None:
    marked = subplots.loss_curves(curves(best=2), keeps_best=True).marks[-1]
    assert isinstance(marked, Points)
    assert (marked.x, marked.y) == ([2, 2, 2], [2.0, 6.0, 1.0])
    assert not any(isinstance(mark, Points) for mark in subplots.loss_curves(curves(best=2)).marks)
    assert not any(isinstance(mark, Points) for mark in subplots.loss_curves(curves(), keeps_best=True).marks)


def test_forecasts_are_the_mean_and_range_over_seeds_by_date() -> None:
    subplot = subplots.forecast(series(), "LSTM", "$volume")
    line, band = only(subplot, Line, colours.CELLS["LSTM"]), only(subplot, Band, colours.CELLS["LSTM"])
    assert line.x == [str(day) for day in DAYS]
    assert np.allclose(np.asarray(line.y, dtype=float), 0.9 * ACTUAL)
    assert (band.low, band.high) == ((0.5 * ACTUAL).tolist(), (1.5 * ACTUAL).tolist())
    assert only(subplot, Line, colours.ACTUAL).y == ACTUAL.tolist()
    assert (subplot.x.kind, subplot.y.title) == ("date", "$volume, original units")


def test_the_baseline_is_a_line_below_the_trials() -> None:
    subplot = subplots.forecast(series(), "LSTM", "$volume", baseline=("har", 2 * ACTUAL))
    line = only(subplot, Line, colours.BASELINES["har"])
    assert line.y == (2 * ACTUAL).tolist()
    assert subplot.marks.index(line) < subplot.marks.index(only(subplot, Line, colours.CELLS["LSTM"]))


def test_a_baseline_of_the_cells_colour_is_grey() -> None:
    assert colours.BASELINES["har"] == colours.CELLS["GRU"]
    subplot = subplots.forecast(series(), "GRU", "$volume", baseline=("har", 2 * ACTUAL))
    assert only(subplot, Line, colours.GREY).y == (2 * ACTUAL).tolist()


def test_lines_break_where_days_go_back_or_jump_by_more_than_holidays() -> None:
    days = np.array(["2018-01-02", "2018-01-12", "2018-01-23", "2018-01-02", "2018-01-02"], "datetime64[D]")
    assert subplots.gaps(days) == [2, 3, 4]
    subplot = subplots.forecast(series(SEEDS[:, :5], days), "RNN", "$volume")
    for mark in subplot.marks:
        assert isinstance(mark, Line | Band)
        assert [at is None for at in mark.x] == [False, False, True, False, True, False, True, False]
    a, b, c, d, e = ACTUAL[:5].tolist()
    assert only(subplot, Line, colours.ACTUAL).y == [a, b, None, c, None, d, None, e]
    assert only(subplot, Band, colours.CELLS["RNN"]).low == [a / 2, b / 2, None, c / 2, None, d / 2, None, e / 2]


def test_what_is_not_finite_is_a_gap() -> None:
    assert subplots.numbers(np.array([1.0, np.nan, np.inf])) == [1.0, None, None]
