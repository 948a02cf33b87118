"""One step of a walk forward: no fit sees a day of the period or a later one."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from volopt.baselines.methods import baselines_of
from volopt.data.frame import Frame
from volopt.errors import DataError
from volopt.forecast.configuration import RefitSource
from volopt.forecast.walk_forward.periods import Period
from volopt.forecast.walk_forward.step import MarketData, fingerprint, fit_period
from volopt.training.refit import FORECAST
from volopt.training.task import Arrays

BASELINES = baselines_of(())

PERIOD = Period(date(2016, 1, 1), date(2016, 12, 31))


@pytest.fixture(scope="module")
def market_data(best: RefitSource) -> MarketData:
    return best.market_data


def with_days_changed(market_data: MarketData, first: date, last: date) -> MarketData:
    (frame,) = market_data.frames
    rows = (frame.dates >= np.datetime64(first)) & (frame.dates <= np.datetime64(last))
    values = frame.values.copy()
    values[rows, 0] *= 3
    return replace(market_data, frames=(replace(frame, values=values),))


def fitted(market_data: MarketData, best: RefitSource) -> tuple[Arrays, Arrays]:
    task = best.configuration.tasks("cpu", "highest")[0]
    return fit_period(market_data, PERIOD, task), fit_period(market_data, PERIOD, None)


def test_a_period_is_forecast_by_the_network_and_by_every_baseline(market_data: MarketData, best: RefitSource) -> None:
    network, baselines = fitted(market_data, best)
    (frame,) = market_data.frames
    days = ((frame.dates >= np.datetime64(PERIOD.first)) & (frame.dates <= np.datetime64(PERIOD.last))).sum()
    assert list(baselines) == list(BASELINES)
    assert {len(values) for values in (network[FORECAST], *baselines.values())} == {days}


def test_no_later_day_changes_anything(market_data: MarketData, best: RefitSource) -> None:
    changed = with_days_changed(market_data, date(2017, 1, 1), date(2018, 12, 31))
    for arrays, others in zip(fitted(market_data, best), fitted(changed, best), strict=True):
        assert all((arrays[name] == others[name]).all() for name in arrays)
    assert market_data.dataset(PERIOD).fingerprint == changed.dataset(PERIOD).fingerprint


def test_a_day_of_the_period_changes_no_weight_and_no_forecast_up_to_itself(
    market_data: MarketData, best: RefitSource
) -> None:
    """The forecast of 4 July is made on 1 July, a Friday."""
    changed = with_days_changed(market_data, date(2016, 7, 4), date(2016, 12, 31))
    (network, baselines), (changed_network, changed_baselines) = fitted(market_data, best), fitted(changed, best)
    assert all((network[name] == changed_network[name]).all() for name in network if name != FORECAST)
    (frame,) = market_data.frames
    until = int(
        np.searchsorted(frame.dates, np.datetime64("2016-07-05"))
        - np.searchsorted(frame.dates, np.datetime64(PERIOD.first))
    )
    pairs = [(baselines[name], changed_baselines[name]) for name in BASELINES]
    pairs.append((network[FORECAST], changed_network[FORECAST]))
    for one, other in pairs:
        np.testing.assert_array_equal(one[:until], other[:until])
        assert (one[until:] != other[until:]).any()


def test_a_day_before_the_period_changes_the_weights(market_data: MarketData, best: RefitSource) -> None:
    """The counterpart, without which the tests above could not fail."""
    changed = with_days_changed(market_data, date(2015, 12, 1), date(2015, 12, 31))
    network, changed_network = fitted(market_data, best)[0], fitted(changed, best)[0]
    assert any((network[name] != changed_network[name]).any() for name in network)


def test_too_few_days_to_learn_from_are_refused(market_data: MarketData) -> None:
    with pytest.raises(DataError, match=r"SH600000 has \d+ days to learn from before 2013-03-01, fewer than 100"):
        market_data.dataset(Period(date(2013, 3, 1), date(2013, 12, 31)))


def test_a_fingerprint_depends_on_names_days_and_values(market_data: MarketData) -> None:
    (frame,) = market_data.frames

    def changed(**fields: object) -> list[Frame]:
        return [replace(frame, **fields)]

    others = [
        changed(name="SZ000001"),
        changed(values=frame.values + 1),
        changed(dates=frame.dates + 1),
        changed(columns=frame.columns[::-1]),
        [frame, frame],
    ]
    assert len({fingerprint([frame]), *map(fingerprint, others)}) == 6
