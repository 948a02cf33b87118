"""A walk forward over years: its forecasts, its scores, what it marks, and that it resumes where it ended."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecast.conftest import refit_context
from volopt.baselines.methods import baselines_of
from volopt.errors import DataError, TrainingError
from volopt.executors.processes import ProcessTrainer
from volopt.forecast.backtest import Backtest
from volopt.forecast.configuration import RefitSource
from volopt.forecast.walk_forward import run
from volopt.forecast.walk_forward.periods import split_periods
from volopt.forecast.walk_forward.run import RefitStep, WalkForwardForecasts
from volopt.forecast.walk_forward.scores import score_days
from volopt.forecast.walk_forward.step import fit_period
from volopt.storage.array_store import ArrayStore

BASELINES = baselines_of(())

Walk = Callable[..., Backtest]


def plan(source: RefitSource, first: date, last: date) -> list[RefitStep]:
    """Return the steps of a walk forward with a refit each year."""
    tasks = source.configuration.tasks("cpu", "highest")
    return run.plan_steps(source.market_data, split_periods(first, last, "year"), tasks)[0]


def test_every_trade_day_is_forecast_once_and_selection_years_are_marked(walk: Walk, best: RefitSource) -> None:
    backtest = walk(date(2015, 6, 1), date(2017, 12, 31))
    dates = best.panel.frames[0].dates
    expected = dates[(dates >= np.datetime64("2015-06-01")) & (dates <= np.datetime64("2017-12-31"))]
    np.testing.assert_array_equal(backtest.days.forecasts.dates[backtest.in_range], expected)
    assert [(row.year, row.in_selection) for row in backtest.years] == [(2015, True), (2016, False), (2017, False)]
    assert sum(row.score.days for row in backtest.years) == backtest.total.days == len(expected)
    assert backtest.total_outside_selection is not None
    assert backtest.total_outside_selection.days == sum(
        row.score.days for row in backtest.years if not row.in_selection
    )


def test_the_optimism_of_the_choice_is_what_valid_promised_less_what_other_years_gave(walk: Walk) -> None:
    backtest = walk(date(2015, 6, 1), date(2016, 12, 31))
    promised, outside = backtest.configuration.promised, backtest.total_outside_selection
    assert outside is not None
    assert promised.keys() == set(BASELINES)
    assert backtest.configuration.baseline in BASELINES
    for name, pair in backtest.optimism.items():
        assert pair == (promised[name], outside.skill[name])
        assert pair.optimism == pair.promised - pair.walked
    assert replace(backtest, last=date(2015, 12, 31)).optimism == {}  # no other year is left


def test_skill_is_the_relative_reduction_of_a_baseline_s_squared_log_error(walk: Walk) -> None:
    backtest = walk(date(2016, 1, 1), date(2016, 12, 31))
    forecasts, mask = backtest.days.forecasts, backtest.in_range
    log = np.log(forecasts.actual[mask])
    error = ((np.log(forecasts.forecast[mask]) - log) ** 2).sum()
    for name in BASELINES:
        baseline_error = ((np.log(forecasts.baselines[name][mask]) - log) ** 2).sum()
        assert backtest.total.skill[name] == pytest.approx(1 - error / baseline_error)
    assert backtest.total.log_r2 == pytest.approx(1 - error / ((log - log.mean()) ** 2).sum())


def test_the_year_before_calibrates_so_that_the_first_day_has_an_interval(walk: Walk) -> None:
    backtest = walk(date(2016, 1, 1), date(2016, 12, 31))
    days, mask = backtest.days, backtest.in_range
    assert np.isfinite(days.low[mask]).all()
    assert days.forecasts.dates[0] < np.datetime64("2016-01-01")
    inside = (days.low <= days.forecasts.actual) & (days.forecasts.actual <= days.high)
    assert backtest.total.coverage == pytest.approx(inside[mask].mean())


def test_a_later_end_changes_no_forecast_and_fits_only_what_is_new(walk: Walk, best: RefitSource) -> None:
    shorter = walk(date(2016, 1, 1), date(2016, 12, 31)).days.forecasts
    store = ArrayStore(best.artifacts / "walks")
    missing = [step for step in plan(best, date(2016, 1, 1), date(2017, 6, 30)) if not store.has(step.key)]
    assert {step.period.first for step in missing} <= {date(2017, 1, 1)}
    longer = walk(date(2016, 1, 1), date(2017, 6, 30)).days.forecasts
    np.testing.assert_array_equal(shorter.forecast, longer.forecast[: len(shorter.dates)])


def test_processes_fit_the_same_as_this_one(best: RefitSource, tmp_path: Path) -> None:
    steps = plan(best, date(2018, 1, 1), date(2018, 12, 28))
    serial = run.fit_steps(steps, best.market_data, refit_context(tmp_path / "a"))
    context = refit_context(tmp_path / "b", lambda data: ProcessTrainer(data, 2, fit_period))
    parallel = run.fit_steps(steps, best.market_data, context)
    for key, arrays in serial.items():
        assert all((parallel[key][name] == values).all() for name, values in arrays.items())


def test_fits_from_before_a_failure_are_stored_and_not_repeated(best: RefitSource, tmp_path: Path) -> None:
    steps = plan(best, date(2017, 1, 1), date(2018, 12, 28))
    task = steps[1].task
    assert task is not None
    diverging = replace(task, epochs=60, config=replace(task.config, learning_rate=1e30))
    failing = [step._replace(task=diverging, key="diverging") if step == steps[1] else step for step in steps]
    with pytest.raises(TrainingError):
        run.fit_steps(failing, best.market_data, refit_context(tmp_path))
    stored = [step for step in steps if ArrayStore(tmp_path).has(step.key)]
    assert 0 < len(stored) < len(steps)
    reported: list[RefitStep] = []
    run.fit_steps(steps, best.market_data, refit_context(tmp_path, report_done=reported.append))
    assert reported[: len(stored)] == stored


def test_stored_arrays_that_are_not_complete_are_fitted_again(best: RefitSource, tmp_path: Path) -> None:
    steps = plan(best, date(2018, 7, 1), date(2018, 12, 28))
    first = run.fit_steps(steps, best.market_data, refit_context(tmp_path))
    for step in steps[:2]:
        ArrayStore(tmp_path).put(step.key, {"nonsense": np.zeros(3)}, {})
    second = run.fit_steps(steps, best.market_data, refit_context(tmp_path))
    assert [second[step.key].keys() for step in steps] == [first[step.key].keys() for step in steps]


@pytest.mark.parametrize(
    ("first", "last", "message"),
    [
        (date(2019, 1, 1), None, "the data end on 2018-12-28, before 2019-01-01"),
        (date(2013, 2, 1), None, "days to learn from before 2013-02-01, fewer than 100"),
        (
            date(2013, 1, 1),
            None,
            "nothing to learn from before 2013-01-01: the study's train split begins on 2013-01-01",
        ),
        (date(1, 1, 1), None, "nothing to learn from before 0001-01-01"),
        (date(2016, 6, 4), date(2016, 6, 5), "there is no trade day from 2016-06-04 to 2016-06-05"),  # a weekend
    ],
)
def test_a_range_that_cannot_be_forecast_is_refused(walk: Walk, first: date, last: date | None, message: str) -> None:
    with pytest.raises(DataError, match=message):
        walk(first, last)


def test_the_scores_of_a_panel_are_means_over_its_instruments() -> None:
    """Two instruments of different size: one is forecast perfectly, the other as its baselines forecast it."""
    generator = np.random.default_rng(0)
    actual = np.exp(generator.normal(size=80)) * np.repeat([1.0, 1e6], 40)
    baseline = actual * np.exp(generator.normal(size=80))
    forecasts = WalkForwardForecasts(
        names=("A", "B"),
        instrument=np.repeat([0, 1], 40),
        dates=np.tile(np.datetime64("2020-01-01") + np.arange(40), 2),
        actual=actual,
        forecast=np.where(np.arange(80) < 40, actual, baseline),
        baselines=dict.fromkeys(BASELINES, baseline),
        floor=np.full(80, 1e-9),
        resumed=np.zeros(80, bool),
        weights={},
    )
    score = score_days(forecasts, log=True, coverage=0.8).score(np.ones(80, bool))
    assert score.instruments == 2
    assert score.skill["har"] == pytest.approx(0.5)
