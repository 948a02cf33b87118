"""A walk forward as a figure: its numbers are those of the backtest."""

from collections.abc import Collection
from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from builders import definition
from volopt.baselines.methods import BASELINES, baselines_of
from volopt.figures import backtest as figure
from volopt.figures.chart import Band, Cells, Chart, Line
from volopt.figures.words import SYNTHETIC
from volopt.forecast.backtest import Backtest
from volopt.forecast.configuration import Configuration
from volopt.forecast.walk_forward.run import WalkForwardForecasts
from volopt.forecast.walk_forward.scores import score_days

FIRST, LAST = date(2020, 1, 1), date(2021, 12, 31)  # 2020 is in the splits of the small study, 2021 is not
START = np.datetime64("2019-07-01")


def backtest(
    names: tuple[str, ...] = ("SH600000",),
    start: np.datetime64 = START,
    days: int = 900,
    baselines: Collection[str] = BASELINES,
) -> Backtest:
    """Return one whose forecasts are wrong by half as much as every baseline's, in logs, on each instrument."""
    random, count = np.random.default_rng(0), days * len(names)
    error = random.normal(0, 0.2, count)
    actual = np.exp(random.normal(10, 1, count))
    forecasts = WalkForwardForecasts(
        names=names,
        instrument=np.repeat(np.arange(len(names)), days),
        dates=np.tile(start + np.arange(days), len(names)),
        actual=actual,
        forecast=actual * np.exp(error),
        baselines=dict.fromkeys(baselines, actual * np.exp(2 * error)),
        floor=np.full(count, 1e-9),
        resumed=np.zeros(count, bool),
        weights={},
    )
    configuration = Configuration("small", 3, "likely", definition(), {}, 5)
    return Backtest(configuration, score_days(forecasts, log=True, coverage=0.8), FIRST, LAST, "year", 0.8, {})


def line(chart: Chart, subplot: int, name: str) -> Line:
    (match,) = (mark for mark in chart.subplots[subplot].marks if isinstance(mark, Line) and mark.name == name)
    return match


@pytest.mark.parametrize("name", BASELINES)
def test_a_line_a_baseline_has_the_skill_of_each_year(name: str) -> None:
    done = backtest()
    drawn = line(figure.chart(done, synthetic=False), 0, name)
    assert list(drawn.x) == ["2020*", "2021"]  # the first had a part in choosing
    assert drawn.y == [each.score.skill[name] for each in done.years]
    assert drawn.y == pytest.approx([0.75, 0.75])


def test_baselines_that_a_study_has_not_are_not_drawn() -> None:
    chart = figure.chart(backtest(baselines=baselines_of(())), synthetic=False)
    for subplot in chart.subplots[:2]:
        assert [mark.name for mark in subplot.marks if isinstance(mark, Line)] == list(baselines_of(()))


def test_what_was_saved_adds_up_to_the_difference_of_all_squared_log_errors() -> None:
    done = backtest()
    drawn = line(figure.chart(done, synthetic=False), 1, "har")
    squared = {name: values[done.in_range].sum() for name, values in done.days.squared_log_errors.items()}
    assert drawn.y[-1] == pytest.approx(squared["har"] - squared["forecast"])
    assert (drawn.x[0], drawn.x[-1]) == ("2020-01-01", "2021-12-16")


def test_of_one_instrument_the_last_days_are_drawn_with_their_interval() -> None:
    done = backtest()
    subplot = figure.chart(done, synthetic=False).subplots[2]
    (band,) = (mark for mark in subplot.marks if isinstance(mark, Band))
    assert len(band.x) == figure.MAX_INTERVAL_DAYS
    assert list(band.low) == done.days.low[done.in_range][-figure.MAX_INTERVAL_DAYS :].tolist()
    assert list(band.high) == done.days.high[done.in_range][-figure.MAX_INTERVAL_DAYS :].tolist()
    held = done.days.coverage(np.arange(len(done.in_range)) >= len(done.in_range) - figure.MAX_INTERVAL_DAYS)
    assert subplot.title == f"The last 120 days: the interval covers {held:.0%}"


def test_without_an_interval_there_is_no_band_and_the_title_says_why() -> None:
    done = backtest(start=np.datetime64("2020-01-01"), days=40)
    chart = figure.chart(done, synthetic=False)
    assert not any(isinstance(mark, Band) for mark in chart.subplots[2].marks)
    assert chart.subplots[2].title == "The last 40 days, without an interval: too few earlier errors"
    assert "nan" not in f"{chart}"


def test_of_a_panel_each_instrument_has_a_cell_a_year_and_one_for_the_years_that_had_no_say() -> None:
    done = backtest(("B", "A"))
    subplot = figure.chart(done, synthetic=False).subplots[2]
    (drawn,) = (mark for mark in subplot.marks if isinstance(mark, Cells))
    cells = {
        (x, y): value for y, row in zip(drawn.y, drawn.z, strict=True) for x, value in zip(drawn.x, row, strict=True)
    }
    assert set(cells) == {(column, name) for column in ("2020*", "2021", "total") for name in "AB"}
    assert cells["total", "A"] == pytest.approx(done.by_instrument["A"].by_year[2021].skill["har"])
    assert list(subplot.y.names) == ["A", "B"]  # from below: the first instrument stands on top


def test_a_year_that_chose_is_marked_and_reported() -> None:
    notes = figure.chart(backtest(), synthetic=False).notes
    start = "* used to select the configuration (2020-01-01 to 2020-04-30)"
    assert any(note.startswith(start) for note in notes)
    later = replace(backtest(), first=date(2021, 1, 1))
    assert not any(note.startswith("*") for note in figure.chart(later, synthetic=False).notes)


def test_generated_data_are_reported() -> None:
    assert any(SYNTHETIC in note for note in figure.chart(backtest(), synthetic=True).notes)
    assert not any(SYNTHETIC in note for note in figure.chart(backtest(), synthetic=False).notes)
