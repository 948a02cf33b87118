"""A panel with static inputs walked forward, refitted and used to predict; combinations, and HAR after suspensions."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.conftest import StaticRefit, refit_context, ruled
from static_panels import CALENDAR, INDEX, STOCKS, write_static_panel
from volopt.baselines.methods import baselines_of
from volopt.errors import DataError
from volopt.forecast import bundle as bundles
from volopt.forecast.backtest import Backtest, backtest
from volopt.forecast.bundle import Bundle
from volopt.forecast.configuration import RefitSource
from volopt.forecast.predict import Predictions, predict_days
from volopt.forecast.walk_forward import run
from volopt.forecast.walk_forward.combine import MEMBERS, NETWORK, mean_weights, past_errors, stacked_weights
from volopt.forecast.walk_forward.periods import split_periods, year_before

FIRST, LAST = date(2019, 3, 1), date(2019, 6, 28)

Walk = Callable[[str, str], Backtest]


@pytest.fixture(scope="module")
def walk(static_source: RefitSource) -> Walk:
    def walk_forward(combine: str, after_suspension: str = "network") -> Backtest:
        context = refit_context(static_source.artifacts / "walks")
        return backtest(ruled(static_source, combine, after_suspension), FIRST, LAST, "quarter", 0.8, context)

    return walk_forward


def predict(made: Bundle, data: Path, day: date | None = None, last: int = 1) -> Predictions:
    return predict_days(made, data, day, day or LAST, last, (), 0.8)


def period_of(backtest: Backtest) -> np.ndarray:
    """Return the first day of each forecast's period."""
    starts = np.array(sorted(period.first for period in backtest.days.forecasts.weights), "datetime64[D]")
    return starts[np.searchsorted(starts, backtest.days.forecasts.dates, side="right") - 1]


def test_every_baseline_of_static_inputs_is_walked_forward_and_without_a_rule_the_network_forecasts(walk: Walk) -> None:
    plain = walk("none")
    names = baselines_of(plain.configuration.definition.data.static)
    assert tuple(plain.days.forecasts.baselines) == names
    assert {"har_rolling", "har_x", "pooled_ridge", "pooled_lightgbm"} < set(names)
    assert (plain.weights, plain.resumed) == ({}, 0)
    assert plain.total.instruments == len(STOCKS)


@pytest.mark.parametrize("combine", ["mean", "stack"])
def test_a_combination_is_the_weighted_mean_of_its_members_in_logs(walk: Walk, combine: str) -> None:
    plain, combined = walk("none").days.forecasts, walk(combine).days.forecasts
    np.testing.assert_array_equal(combined.baselines[NETWORK], plain.forecast)
    starts = period_of(walk(combine))
    by_start = {period.first: weights for period, weights in combined.weights.items()}
    weights = np.array([by_start[day] for day in starts.tolist()])
    logs = np.column_stack([np.log(combined.baselines[name]) for name in MEMBERS])
    np.testing.assert_allclose(np.log(combined.forecast), (weights * logs).sum(axis=1), rtol=1e-12)
    if combine == "mean":
        assert np.unique(weights, axis=0).tolist() == [[2 / 4, 1 / 4, 1 / 4]]  # two seeds and two baselines
    else:
        np.testing.assert_allclose(weights.sum(axis=1), 1, rtol=1e-12)
        assert (weights >= 0).all()


def test_the_weights_of_a_period_are_those_of_the_errors_before_it(walk: Walk) -> None:
    forecasts = walk("stack").days.forecasts
    columns = {"instrument": forecasts.instrument, "actual": forecasts.actual, **forecasts.baselines}
    first, *later = sorted(forecasts.weights, key=lambda period: period.first)
    np.testing.assert_array_equal(forecasts.weights[first], mean_weights(2))  # no day is before it
    assert len(later) == 2
    for period in later:
        before = forecasts.dates < np.datetime64(period.first)
        expected = stacked_weights(past_errors(columns, before, log=True), 2)
        np.testing.assert_array_equal(forecasts.weights[period], expected)


def test_no_day_of_a_period_or_a_later_one_decides_its_weights(static_source: RefitSource, walk: Walk) -> None:
    """Every forecast and every actual value from the second quarter on is another one."""
    walk("stack")  # so that the fits are stored
    ruled_source = ruled(static_source, "stack", "network")
    data, tasks = ruled_source.market_data, static_source.configuration.tasks("cpu", "highest")
    periods = [year_before(FIRST), *split_periods(FIRST, LAST, "quarter")]
    steps, datasets = run.plan_steps(data, periods, tasks)
    fits = run.fit_steps(steps, data, refit_context(static_source.artifacts / "walks"))
    last = periods[-1]
    random = np.random.default_rng(0)

    def changed(values: np.ndarray) -> np.ndarray:
        return values * np.exp(random.normal(size=values.shape))

    others = {
        step.key: {name: changed(values) if values.ndim == 1 else values for name, values in fits[step.key].items()}
        for step in steps
        if step.period == last
    }
    series = [replace(each, target=each.target.copy()) for each in datasets[last].series]
    for each in series:
        each.target[each.dates >= np.datetime64(last.first)] *= 2
    one = run.join_forecasts(data, steps, datasets, fits)
    other = run.join_forecasts(
        data, steps, {**datasets, last: replace(datasets[last], series=tuple(series))}, {**fits, **others}
    )
    early = one.dates < np.datetime64(last.first)
    assert not np.array_equal(one.forecast[~early], other.forecast[~early])
    np.testing.assert_array_equal(one.forecast[early], other.forecast[early])
    for period in periods:
        np.testing.assert_array_equal(one.weights[period], other.weights[period])


@pytest.mark.parametrize("combine", ["none", "stack"])
def test_har_forecasts_exactly_the_days_after_a_missed_session(walk: Walk, static_data: Path, combine: str) -> None:
    plain, tested = walk(combine).days.forecasts, walk(combine, "har").days.forecasts
    sessions = CALENDAR.to_numpy().astype("datetime64[D]")
    for index, name in enumerate(tested.names):
        own = tested.instrument == index
        before = sessions[np.searchsorted(sessions, tested.dates[own]) - 1]
        missed = ~np.isin(before, tested.dates[own])
        missed[0] = tested.resumed[own][0]  # the session before it is not forecast
        np.testing.assert_array_equal(tested.resumed[own], missed, err_msg=name)
    assert 10 < tested.resumed.sum() < 0.1 * len(tested.resumed)
    np.testing.assert_array_equal(tested.forecast[tested.resumed], tested.baselines["har"][tested.resumed])
    if combine == "none":
        np.testing.assert_array_equal(tested.forecast[~tested.resumed], plain.forecast[~tested.resumed])
    assert not plain.resumed.any()
    assert walk(combine, "har").resumed == int(tested.resumed[walk(combine).in_range].sum()) > 0


def test_the_models_of_a_backtest_stand_beside_har_the_best_first(walk: Walk) -> None:
    tested = walk("stack", "har")
    skills = {model.name: model.skill for model in tested.models}
    assert list(skills.values()) == sorted(skills.values(), reverse=True)
    assert skills.keys() == {"forecast", *tested.days.forecasts.baselines}
    assert skills["har"] == 0
    assert skills["forecast"] == pytest.approx(tested.total.skill["har"])  # every day outside selection
    best = max(skills.keys() - {"forecast", NETWORK}, key=skills.__getitem__)
    assert tested.strongest_rival == best
    assert sum(tested.weights.values()) == pytest.approx(1)


@pytest.mark.parametrize("combine", ["none", "mean", "stack"])
@pytest.mark.parametrize("after_suspension", ["network", "har"])
def test_a_bundle_forecasts_as_the_walk_does(
    walk: Walk, static_refit: StaticRefit, static_data: Path, tmp_path: Path, combine: str, after_suspension: str
) -> None:
    """March is forecast by the same fits, with weights of the same errors; the bundle went through files."""
    bundles.write(static_refit(combine, after_suspension).bundle, tmp_path / "bundle", more={}, force=False)
    made = bundles.read(tmp_path / "bundle")
    tested = walk(combine, after_suspension).days.forecasts
    if combine != "none":
        (march,) = [weights for period, weights in tested.weights.items() if period.first == FIRST]
        np.testing.assert_allclose([made.facts.combined[name] for name in MEMBERS], march, rtol=1e-12)
    days = (tested.dates >= np.datetime64(FIRST)) & (tested.dates < np.datetime64("2019-04-01"))
    result = predict(made, static_data, date(2019, 3, 28), last=20)
    for index, name in enumerate(tested.names):
        own = days & (tested.instrument == index)
        expected = dict(zip(tested.dates[own].tolist(), tested.forecast[own].tolist(), strict=True))
        predicted = [each for each in result.predictions if each.instrument == name and each.date >= FIRST]
        found = {each.date: each.forecast for each in predicted}
        assert len(found.keys() & expected.keys()) > 12
        for day in found.keys() & expected.keys():
            assert found[day] == pytest.approx(expected[day], rel=1e-4), (name, day)
    warned = any(" after a suspension, " in warning for warning in result.warnings)
    assert warned == (after_suspension == "har")


def test_a_combination_is_recomputed_from_its_members(static_refit: StaticRefit, static_data: Path) -> None:
    """The bundle's own arrays, with one member's weight 1 at a time, give the members."""
    made = static_refit("stack").bundle

    def logs(**combined: float) -> np.ndarray:
        facts = made.facts.model_copy(update={"combined": {name: combined.get(name, 0.0) for name in MEMBERS}})
        result = predict(Bundle(facts, made.weights, made.errors, made.pooled), static_data, last=5)
        return np.log([each.forecast for each in result.predictions])

    weights = made.facts.combined
    members = {name: logs(**{name: 1.0}) for name in MEMBERS}
    assert len({tuple(values) for values in members.values()}) == len(MEMBERS)
    plain = predict(static_refit("none").bundle, static_data, last=5).predictions
    np.testing.assert_allclose(members[NETWORK], np.log([each.forecast for each in plain]), atol=2e-5)
    expected = sum(weights[name] * members[name] for name in MEMBERS)
    np.testing.assert_allclose(logs(**weights), expected, atol=5e-5)  # forecasts are rounded


def test_data_that_end_earlier_give_the_forecast_of_that_date(
    static_bundle: Bundle, static_data: Path, tmp_path: Path
) -> None:
    day = date(2019, 5, 15)
    short = tmp_path / "short"
    write_static_panel(short, until=str(day))
    whole, ended = (
        [(each.instrument, each.date, each.forecast) for each in predict(static_bundle, data, day, last=3).predictions]
        for data in (static_data, short)
    )
    assert whole == ended


def test_the_market_s_fields_of_the_calendar_know_the_sessions_after_the_data(
    static_bundle: Bundle, tmp_path: Path
) -> None:
    """The index has the calendar of the stock, so its field is the same input, also before a long holiday."""
    write_static_panel(tmp_path / "data", until="2019-05-15")
    (tmp_path / "data/calendars/day_future.txt").write_text("2019-05-27\n")
    facts = static_bundle.facts
    data = facts.definition["data"]
    named = ["Of(SH000300,Log($days_to_next))" if name == "Log($days_to_next)" else name for name in data["static"]]
    assert named != list(data["static"])
    definition = {**facts.definition, "data": {**data, "static": named}}
    other = Bundle(
        facts.model_copy(update={"definition": definition}),
        static_bundle.weights,
        static_bundle.errors,
        static_bundle.pooled,
    )
    one, same = (
        [each.forecast for each in predict(made, tmp_path / "data").predictions] for made in (static_bundle, other)
    )
    assert one == same


def test_a_stock_more_in_the_data_changes_no_forecast(static_bundle: Bundle, static_data: Path, tmp_path: Path) -> None:
    more = tmp_path / "more"
    write_static_panel(more, more_stocks=("SH600999",))
    one, other = (
        [(each.instrument, each.date, each.forecast) for each in predict(static_bundle, data, last=2).predictions]
        for data in (more, static_data)
    )
    assert one == other


def test_data_without_a_stock_of_the_cross_section_are_refused(
    static_bundle: Bundle, static_data: Path, tmp_path: Path
) -> None:
    data = Path(shutil.copytree(static_data, tmp_path / "fewer"))
    lines = (data / "instruments/all.txt").read_text().splitlines()
    (data / "instruments/all.txt").write_text("\n".join(line for line in lines if STOCKS[3] not in line) + "\n")
    with pytest.raises(DataError, match=f"lacks 1 of the 7 stocks of the cross-section, {STOCKS[3]}"):
        predict_days(static_bundle, data, None, LAST, 1, (STOCKS[0],), 0.8)


def test_a_day_with_too_few_stocks_is_told_and_an_index_is_needed_only_until_the_date(
    static_bundle: Bundle, static_data: Path, tmp_path: Path
) -> None:
    def end(name: str, table: pd.DataFrame) -> None:
        if name == INDEX:
            table.loc["2019-05-16":] = np.nan
        if name in STOCKS[4:]:
            table.loc["2019-05-15", "volume"] = 0.0

    data = tmp_path / "ended"
    write_static_panel(data, end)
    day = date(2019, 5, 15)
    result = predict_days(static_bundle, data, day, day, 1, (STOCKS[0],), 0.8)
    assert result.predictions[0].as_of == date(2019, 5, 14)
    told = [warning for warning in result.warnings if warning.endswith("fewer than 5 stocks have one")]
    assert told[0] == "CSMean(Log($close/Ref($close,1))) has no value on 2019-05-15: fewer than 5 stocks have one"
    assert len(told) == 4
    assert not [w for w in predict(static_bundle, static_data, day).warnings if "stocks have one" in w]
    with pytest.raises(DataError, match=r"SH000300 of Of\(.* ends on 2019-05-15, but is needed until 2019-06-28"):
        predict_days(static_bundle, data, None, LAST, 1, (STOCKS[0],), 0.8)


def test_another_cross_section_on_the_last_train_days_is_refused(static_bundle: Bundle, tmp_path: Path) -> None:
    def double(name: str, table: pd.DataFrame) -> None:
        if name == STOCKS[1]:
            table.loc["2019-02-20":"2019-02-28", "volume"] *= 3

    data = tmp_path / "changed"
    write_static_panel(data, double)
    with pytest.raises(DataError, match=rf"CS\w+\(.* of {STOCKS[0]} on 2019-02-\d\d is .* in these data, and was "):
        predict_days(static_bundle, data, None, LAST, 1, (STOCKS[0],), 0.8)


def test_after_a_suspension_har_forecasts_and_a_warning_says_so(
    static_bundle: Bundle, static_refit: StaticRefit, static_data: Path, tmp_path: Path
) -> None:
    """A stock that did not trade on the last day of the data resumes trade on the next session."""

    def suspend(name: str, table: pd.DataFrame) -> None:
        if name == STOCKS[2]:
            table.loc["2019-06-27":, "volume"] = 0.0

    data = tmp_path / "suspended"
    write_static_panel(data, suspend)
    result = predict_days(static_bundle, data, None, LAST, 1, (STOCKS[2],), 0.8)
    (found,) = result.predictions
    assert found.as_of == date(2019, 6, 26)
    (warning,) = [each for each in result.warnings if "suspension" in each]
    assert warning == f"HAR forecasts {STOCKS[2]} for the day after a suspension, {found.date}"
    *coefficients, _ = next(each for each in static_bundle.facts.instruments if each.name == STOCKS[2]).har
    tables: dict[str, pd.DataFrame] = {}
    write_static_panel(tmp_path / "again", lambda name, table: tables.update({name: table.copy()}))
    volume = tables[STOCKS[2]].loc[:"2019-06-26", "volume"]
    log = np.log(volume[volume > 0].to_numpy())
    means = [1.0, *(log[-days:].mean() for days in (1, 5, 22))]
    assert found.forecast == pytest.approx(np.exp(np.dot(means, coefficients)), rel=1e-4)
    (network,) = predict_days(static_refit("stack").bundle, data, None, LAST, 1, (STOCKS[2],), 0.8).predictions
    assert network.forecast != found.forecast
