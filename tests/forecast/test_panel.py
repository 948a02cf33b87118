"""A panel walked forward, refitted and used to predict: each instrument by itself, without those with few days."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from forecast.conftest import refit_context
from panels import KEPT, LATE, PANEL, write_panel
from small_runs import run
from volopt.forecast.backtest import Backtest, backtest
from volopt.forecast.configuration import RefitSource, load_source
from volopt.forecast.predict import predict_days
from volopt.forecast.refit import RefitResult, refit
from volopt.forecast.walk_forward.periods import Period

FIRST, LAST = date(2018, 6, 1), date(2018, 12, 28)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("panel") / "provider"
    write_panel(directory)
    return directory


@pytest.fixture(scope="module")
def best(provider: Path, tmp_path_factory: pytest.TempPathFactory) -> RefitSource:
    storage = run(PANEL, tmp_path_factory.mktemp("panel"), provider).storage
    return load_source(storage, "panel", "best", None, None)


@pytest.fixture(scope="module")
def tested(best: RefitSource) -> Backtest:
    return backtest(best, FIRST, LAST, "never", 0.8, refit_context(best.artifacts / "walks"))


@pytest.fixture(scope="module")
def refitted(best: RefitSource) -> RefitResult:
    return refit(best, date(2018, 5, 31), refit_context(best.artifacts / "walks"))


def test_every_instrument_with_enough_days_is_forecast_and_the_others_are_named(tested: Backtest) -> None:
    assert tuple(tested.by_instrument) == KEPT
    assert tested.total.instruments == len(KEPT)
    assert list(tested.left_out) == [LATE]
    mean = np.mean([each.total.skill["har"] for each in tested.by_instrument.values()])
    assert tested.total.skill["har"] == pytest.approx(mean)


def test_an_instrument_takes_part_once_it_has_500_days_and_100_in_the_latest_year(best: RefitSource) -> None:
    dataset = best.market_data.dataset(Period(FIRST, LAST))
    assert tuple(series.name for series in dataset.series) == KEPT
    assert dataset.left_out[LATE].startswith(f"{LATE} has ")
    assert dataset.left_out[LATE].endswith(" train days, fewer than 500")


def test_an_instrument_that_hardly_traded_in_the_latest_year_is_left_out(best: RefitSource) -> None:
    """99 days of the year before are too few, 100 are enough, however many lie before them."""
    year, period = np.array(["2017-06-01", "2018-06-01"], "datetime64[D]"), Period(FIRST, LAST)

    def names(traded: int) -> list[str]:
        frame = best.panel.frames[0]
        suspended = np.flatnonzero((frame.dates >= year[0]) & (frame.dates < year[1]))[traded:]
        rows = np.delete(np.arange(len(frame.dates)), suspended)
        frames = (replace(frame, dates=frame.dates[rows], values=frame.values[rows]), *best.panel.frames[1:])
        return [series.name for series in replace(best.market_data, frames=frames).dataset(period).series]

    assert KEPT[0] not in names(99)
    assert KEPT[0] in names(100)


def test_a_fit_of_other_instruments_is_another_fit(best: RefitSource) -> None:
    data, period = best.market_data, Period(FIRST, LAST)
    fewer = replace(data, frames=tuple(frame for frame in data.frames if frame.name != KEPT[0]))
    assert data.dataset(period).fingerprint != fewer.dataset(period).fingerprint


def test_the_days_of_one_instrument_change_no_scaling_of_another(refitted: RefitResult) -> None:
    centers = {each.name: each.target_center for each in refitted.bundle.facts.instruments}
    assert tuple(centers) == KEPT
    assert len(set(centers.values())) == len(KEPT)


def test_a_bundle_of_a_panel_forecasts_each_instrument_as_the_walk_does(
    refitted: RefitResult, tested: Backtest, provider: Path
) -> None:
    predictions = predict_days(refitted.bundle, provider, None, LAST, 10, (), 0.8).predictions
    forecasts = tested.days.forecasts
    for name in KEPT:
        own = [each for each in predictions if each.instrument == name][:-1]
        mask = forecasts.instrument == forecasts.names.index(name)
        np.testing.assert_allclose([each.forecast for each in own], forecasts.forecast[mask][-9:], rtol=1e-4)
        assert [each.date for each in own] == forecasts.dates[mask][-9:].astype(object).tolist()


def test_one_instrument_alone_can_be_predicted(refitted: RefitResult, provider: Path) -> None:
    result = predict_days(refitted.bundle, provider, None, LAST, 1, (KEPT[1],), 0.8)
    assert [each.instrument for each in result.predictions] == [KEPT[1]]
