"""A panel walked forward, refitted and asked for tomorrow: each instrument by itself, who has few days left out."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecast.conftest import workshop
from panels import KEPT, LATE, PANEL, write_panel
from small_runs import run
from volopt.forecast import backtest as backtests
from volopt.forecast import refit as refits
from volopt.forecast.backtest import Backtest
from volopt.forecast.predict import predicted
from volopt.forecast.refit import RefitResult
from volopt.forecast.source import RefitSource, origin
from volopt.forecast.walk_forward.periods import Period
from volopt.forecast.walk_forward.step import MarketData

FIRST, LAST = date(2018, 6, 1), date(2018, 12, 28)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("panel") / "provider"
    write_panel(directory)
    return directory


@pytest.fixture(scope="module")
def best(provider: Path, tmp_path_factory: pytest.TempPathFactory) -> RefitSource:
    storage = run(PANEL, tmp_path_factory.mktemp("panel"), provider).storage
    return origin(storage, "panel", "best", None, None)


@pytest.fixture(scope="module")
def done(best: RefitSource) -> Backtest:
    return backtests.backtest(best.choice, best.panel, FIRST, LAST, "never", 0.8, workshop(best.artifacts / "walks"))


@pytest.fixture(scope="module")
def refitted(best: RefitSource) -> RefitResult:
    return refits.refit(best, date(2018, 5, 31), workshop(best.artifacts / "walks"))


def test_every_instrument_with_days_enough_is_forecast_and_the_others_are_named(done: Backtest) -> None:
    assert tuple(done.by_instrument) == KEPT
    assert done.total.instruments == len(KEPT)
    assert list(done.left_out) == [LATE]
    mean = np.mean([each.total.skill["har"] for each in done.by_instrument.values()])
    assert done.total.skill["har"] == pytest.approx(mean)


def test_an_instrument_takes_part_once_it_has_500_days_and_100_in_the_latest_year(best: RefitSource) -> None:
    market = MarketData(tuple(best.panel.frames), best.choice.definition, best.choice.window)
    found = market.dataset(Period(FIRST, LAST))
    assert tuple(series.name for series in found.series) == KEPT
    assert found.left_out[LATE].startswith(f"{LATE} has ")
    assert found.left_out[LATE].endswith(" train days, fewer than 500")


def test_who_hardly_traded_in_the_latest_year_sits_the_next_one_out(best: RefitSource) -> None:
    """99 days of the year before are too few, 100 are enough, however many lie before them."""
    year, period = np.array(["2017-06-01", "2018-06-01"], "datetime64[D]"), Period(FIRST, LAST)

    def names(traded: int) -> list[str]:
        frame = best.panel.frames[0]
        away = np.flatnonzero((frame.dates >= year[0]) & (frame.dates < year[1]))[traded:]
        kept = np.delete(np.arange(len(frame.dates)), away)
        others = (replace(frame, dates=frame.dates[kept], values=frame.values[kept]), *best.panel.frames[1:])
        found = MarketData(others, best.choice.definition, best.choice.window).dataset(period)
        return [series.name for series in found.series]

    assert KEPT[0] not in names(99)
    assert KEPT[0] in names(100)


def test_a_fit_of_other_instruments_is_another_fit(best: RefitSource) -> None:
    frames = tuple(best.panel.frames)
    fewer = tuple(frame for frame in frames if frame.name != KEPT[0])
    found = [
        MarketData(each, best.choice.definition, best.choice.window).dataset(Period(FIRST, LAST))
        for each in (frames, fewer)
    ]
    assert found[0].fingerprint != found[1].fingerprint


def test_the_days_of_one_instrument_change_no_scaling_of_another(refitted: RefitResult) -> None:
    centers = {each.name: each.target_center for each in refitted.bundle.facts.instruments}
    assert tuple(centers) == KEPT
    assert len(set(centers.values())) == len(KEPT)


def test_a_bundle_of_a_panel_forecasts_each_instrument_as_the_walk_does(
    refitted: RefitResult, done: Backtest, provider: Path
) -> None:
    found = predicted(refitted.bundle, provider, None, LAST, 10, (), 0.8)
    walked = done.rows.walked
    for name in KEPT:
        own = [each for each in found.predictions if each.instrument == name][:-1]
        mine = walked.instrument == walked.names.index(name)
        np.testing.assert_allclose([each.forecast for each in own], walked.forecast[mine][-9:], rtol=1e-4)
        assert [each.date for each in own] == walked.dates[mine][-9:].astype(object).tolist()


def test_one_instrument_alone_can_be_asked_for(refitted: RefitResult, provider: Path) -> None:
    found = predicted(refitted.bundle, provider, None, LAST, 1, (KEPT[1],), 0.8)
    assert [each.instrument for each in found.predictions] == [KEPT[1]]
