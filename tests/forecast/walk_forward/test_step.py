"""One step of a walk: nothing of the period or later is in what is fitted."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from volopt.baselines.forecasts import BASELINES
from volopt.data.frame import Frame
from volopt.errors import DataError
from volopt.forecast.source import RefitSource
from volopt.forecast.walk_forward.periods import Period
from volopt.forecast.walk_forward.step import MarketData, fingerprint, work
from volopt.training.refit import FORECAST
from volopt.training.task import Arrays

PERIOD = Period(date(2016, 1, 1), date(2016, 12, 31))


@pytest.fixture(scope="module")
def market(best: RefitSource) -> MarketData:
    return MarketData(tuple(best.panel.frames), best.choice.definition, best.choice.window)


def with_days_changed(market: MarketData, first: date, last: date) -> MarketData:
    (frame,) = market.frames
    rows = (frame.dates >= np.datetime64(first)) & (frame.dates <= np.datetime64(last))
    values = frame.values.copy()
    values[rows, 0] *= 3
    return replace(market, frames=(replace(frame, values=values),))


def fitted(market: MarketData, best: RefitSource) -> tuple[Arrays, Arrays]:
    task = best.choice.tasks("cpu", "highest")[0]
    return work(market, PERIOD, task), work(market, PERIOD, None)


def test_a_period_is_forecast_by_the_network_and_by_every_baseline(market: MarketData, best: RefitSource) -> None:
    network, beside = fitted(market, best)
    (frame,) = market.frames
    days = ((frame.dates >= np.datetime64(PERIOD.first)) & (frame.dates <= np.datetime64(PERIOD.last))).sum()
    assert list(beside) == list(BASELINES)
    assert {len(values) for values in (network[FORECAST], *beside.values())} == {days}


def test_no_later_day_changes_anything(market: MarketData, best: RefitSource) -> None:
    changed = with_days_changed(market, date(2017, 1, 1), date(2018, 12, 31))
    for before, after in zip(fitted(market, best), fitted(changed, best), strict=True):
        assert all((before[name] == after[name]).all() for name in before)
    assert market.dataset(PERIOD).fingerprint == changed.dataset(PERIOD).fingerprint


def test_a_day_of_the_period_changes_no_weight_and_no_forecast_up_to_itself(
    market: MarketData, best: RefitSource
) -> None:
    """The forecast of 4 July is made on 1 July, a Friday."""
    changed = with_days_changed(market, date(2016, 7, 4), date(2016, 12, 31))
    (before, baselines), (after, changed_baselines) = fitted(market, best), fitted(changed, best)
    assert all((before[name] == after[name]).all() for name in before if name != FORECAST)
    (frame,) = market.frames
    until = int(
        np.searchsorted(frame.dates, np.datetime64("2016-07-05"))
        - np.searchsorted(frame.dates, np.datetime64(PERIOD.first))
    )
    pairs = [(before[FORECAST], after[FORECAST]), *((baselines[name], changed_baselines[name]) for name in BASELINES)]
    for one, other in pairs:
        np.testing.assert_array_equal(one[:until], other[:until])
        assert (one[until:] != other[until:]).any()


def test_a_day_before_the_period_changes_the_weights(market: MarketData, best: RefitSource) -> None:
    """The counterpart, without which the tests above could not fail."""
    changed = with_days_changed(market, date(2015, 12, 1), date(2015, 12, 31))
    before, after = fitted(market, best)[0], fitted(changed, best)[0]
    assert any((before[name] != after[name]).any() for name in before)


def test_too_few_days_to_learn_from_are_told(market: MarketData) -> None:
    with pytest.raises(DataError, match=r"SH600000 has \d+ days to learn from before 2013-03-01, fewer than 100"):
        market.dataset(Period(date(2013, 3, 1), date(2013, 12, 31)))


def test_a_fingerprint_is_of_names_days_and_values(market: MarketData) -> None:
    (frame,) = market.frames

    def changed(**what: object) -> list[Frame]:
        return [replace(frame, **what)]

    others = [
        changed(name="SZ000001"),
        changed(values=frame.values + 1),
        changed(dates=frame.dates + 1),
        changed(columns=frame.columns[::-1]),
        [frame, frame],
    ]
    assert len({fingerprint([frame]), *map(fingerprint, others)}) == 6
