"""A walk forward over years: its forecasts, its scores, what it marks, and that it goes on where it ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecast.conftest import workshop
from volopt.baselines.forecasts import BASELINES
from volopt.errors import DataError, TrainingError
from volopt.executors.processes import ProcessTrainer
from volopt.forecast.backtest import Backtest
from volopt.forecast.source import RefitSource
from volopt.forecast.walk_forward import run
from volopt.forecast.walk_forward.periods import periods
from volopt.forecast.walk_forward.run import RefitStep, WalkForwardForecasts
from volopt.forecast.walk_forward.scores import rows
from volopt.forecast.walk_forward.step import MarketData, work
from volopt.storage.array_store import ArrayStore

Walk = Callable[..., Backtest]


def test_every_trade_day_is_forecast_once_and_years_that_chose_are_marked(walk: Walk, best: RefitSource) -> None:
    done = walk(date(2015, 6, 1), date(2017, 12, 31))
    dates = best.panel.frames[0].dates
    expected = dates[(dates >= np.datetime64("2015-06-01")) & (dates <= np.datetime64("2017-12-31"))]
    np.testing.assert_array_equal(done.rows.walked.dates[done.chosen], expected)
    assert [(each.year, each.seen) for each in done.years] == [(2015, True), (2016, False), (2017, False)]
    assert sum(each.score.days for each in done.years) == done.total.days == len(expected)
    assert done.unseen is not None
    assert done.unseen.days == sum(each.score.days for each in done.years if not each.seen)


def test_the_skill_is_the_share_of_a_baseline_s_squared_log_error_that_is_gone(walk: Walk) -> None:
    done = walk(date(2016, 1, 1), date(2016, 12, 31))
    walked, chosen = done.rows.walked, done.chosen
    log = np.log(walked.actual[chosen])
    error = ((np.log(walked.forecast[chosen]) - log) ** 2).sum()
    for name in BASELINES:
        beside = ((np.log(walked.baselines[name][chosen]) - log) ** 2).sum()
        assert done.total.skill[name] == pytest.approx(1 - error / beside)
    assert done.total.log_r2 == pytest.approx(1 - error / ((log - log.mean()) ** 2).sum())


def test_the_year_before_calibrates_so_that_the_first_day_has_an_interval(walk: Walk) -> None:
    done = walk(date(2016, 1, 1), date(2016, 12, 31))
    assert np.isfinite(done.rows.low[done.chosen]).all()
    assert done.rows.walked.dates[0] < np.datetime64("2016-01-01")
    actual = done.rows.walked.actual
    held = (done.rows.low <= actual) & (actual <= done.rows.high)
    assert done.total.coverage == pytest.approx(held[done.chosen].mean())


def test_a_later_end_changes_no_forecast_and_fits_only_what_is_new(walk: Walk, best: RefitSource) -> None:
    before = walk(date(2016, 1, 1), date(2016, 12, 31))
    market = MarketData(tuple(best.panel.frames), best.choice.definition, best.choice.window)
    kept = ArrayStore(best.artifacts / "walks")
    steps, _ = run.steps(
        market, periods(date(2016, 1, 1), date(2017, 6, 30), "year"), best.choice.tasks("cpu", "highest")
    )
    missing = [step for step in steps if not kept.has(step.key)]
    assert {step.period.first for step in missing} <= {date(2017, 1, 1)}
    after = walk(date(2016, 1, 1), date(2017, 6, 30))
    days = len(before.rows.walked.dates)
    np.testing.assert_array_equal(before.rows.walked.forecast, after.rows.walked.forecast[:days])


def test_processes_fit_the_same_as_this_one(best: RefitSource, tmp_path: Path) -> None:
    market = MarketData(tuple(best.panel.frames), best.choice.definition, best.choice.window)
    steps, _ = run.steps(
        market, periods(date(2018, 1, 1), date(2018, 12, 28), "year"), best.choice.tasks("cpu", "highest")
    )
    here = run.take(steps, market, workshop(tmp_path / "a"))
    there = run.take(steps, market, workshop(tmp_path / "b", lambda market: ProcessTrainer(market, 2, work)))
    for key, arrays in here.items():
        assert all((there[key][name] == values).all() for name, values in arrays.items())


def test_what_was_fitted_before_a_failure_is_kept_and_not_fitted_again(best: RefitSource, tmp_path: Path) -> None:
    market = MarketData(tuple(best.panel.frames), best.choice.definition, best.choice.window)
    steps, _ = run.steps(
        market, periods(date(2017, 1, 1), date(2018, 12, 28), "year"), best.choice.tasks("cpu", "highest")
    )
    wild = [
        step._replace(
            task=replace(step.task, epochs=60, config=replace(step.task.config, learning_rate=1e30)), key="wild"
        )
        if step.task and step == steps[1]
        else step
        for step in steps
    ]
    kept = ArrayStore(tmp_path)
    with pytest.raises(TrainingError):
        run.take(wild, market, workshop(tmp_path))
    done = [step for step in steps if kept.has(step.key)]
    assert 0 < len(done) < len(steps)
    seen: list[RefitStep] = []
    run.take(steps, market, workshop(tmp_path, tell=seen.append))
    assert seen[: len(done)] == done


def test_what_is_kept_and_is_something_else_is_fitted_anew(best: RefitSource, tmp_path: Path) -> None:
    market = MarketData(tuple(best.panel.frames), best.choice.definition, best.choice.window)
    steps, _ = run.steps(
        market, periods(date(2018, 7, 1), date(2018, 12, 28), "year"), best.choice.tasks("cpu", "highest")
    )
    kept = ArrayStore(tmp_path)
    before = run.take(steps, market, workshop(tmp_path))
    for step in steps[:2]:
        kept.put(step.key, {"nonsense": np.zeros(3)}, {})
    after = run.take(steps, market, workshop(tmp_path))
    assert [after[step.key].keys() for step in steps] == [before[step.key].keys() for step in steps]


@pytest.mark.parametrize(
    ("first", "message"),
    [
        (date(2019, 1, 1), "the data end on 2018-12-28, before 2019-01-01"),
        (date(2013, 2, 1), "days to learn from before 2013-02-01, fewer than 100"),
        (date(2013, 1, 1), "nothing is learned before 2013-01-01: train of the study begins on 2013-01-01"),
        (date(1, 1, 1), "nothing is learned before 0001-01-01"),
    ],
)
def test_a_range_that_cannot_be_forecast_is_told(walk: Walk, first: date, message: str) -> None:
    with pytest.raises(DataError, match=message):
        walk(first, None)


def test_the_scores_of_a_panel_are_means_over_its_instruments() -> None:
    """Two instruments of different size: one forecast perfectly, the other as its baselines are."""
    generator = np.random.default_rng(0)
    days = np.datetime64("2020-01-01") + np.arange(40)
    actual = np.exp(generator.normal(size=80)) * np.repeat([1.0, 1e6], 40)
    beside = actual * np.exp(generator.normal(size=80))
    forecast = np.where(np.arange(80) < 40, actual, beside)
    walked = WalkForwardForecasts(
        names=("A", "B"),
        instrument=np.repeat([0, 1], 40),
        dates=np.tile(days, 2),
        actual=actual,
        forecast=forecast,
        baselines=dict.fromkeys(BASELINES, beside),
        floor=np.full(80, 1e-9),
    )
    score = rows(walked, log=True, coverage=0.8).score(np.ones(80, bool))
    assert score.instruments == 2
    assert score.skill["har"] == pytest.approx(0.5)
