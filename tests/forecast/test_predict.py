"""The next trading day by a bundle: the same numbers as the walk forward, in shares, with warnings."""

import itertools
import math
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.conftest import refit_context
from volopt.data import exchange
from volopt.data import provider as provider_module
from volopt.data.bins import write_provider
from volopt.data.panel import read_data
from volopt.data.provider import open_provider
from volopt.errors import DataError, UsageError
from volopt.forecast import conformal, view
from volopt.forecast.backtest import Backtest
from volopt.forecast.bundle import Bundle
from volopt.forecast.configuration import RefitSource
from volopt.forecast.predict import Predictions, predict_days
from volopt.forecast.refit import RefitResult, refit

UNTIL = date(2017, 12, 31)
TODAY = date(2018, 12, 30)


@pytest.fixture(scope="module")
def made(refitted: Callable[[date | None], RefitResult]) -> Bundle:
    return refitted(UNTIL).bundle


def predict(made: Bundle, data: Path, day: date | None = None, last: int = 1, today: date = TODAY) -> Predictions:
    return predict_days(made, data, day, today, last, (), 0.8)


def write_copy(
    sample: Path, target: Path, *, change: Callable[[pd.DataFrame], pd.DataFrame], until: str = "2018-12-28"
) -> Path:
    """Write the sample anew up to a day, with its stock changed."""
    provider = open_provider(sample)
    calendar = pd.DatetimeIndex(provider.calendar)
    columns = {}
    for field in provider.fields("SH600000"):
        start, values = provider.series("SH600000", field)
        columns[field.removeprefix("$")] = pd.Series(values, index=calendar[start : start + len(values)])
    table = change(pd.DataFrame(columns)).loc[:until]
    write_provider(target, calendar[calendar <= until], {"SH600000": table})
    return target


def test_its_forecasts_are_those_of_the_walk_forward(made: Bundle, sample: Path, walk: Callable[..., Backtest]) -> None:
    """The walk of 2018 is fitted on the same days; shares are adjusted volume times the factor of the day before."""
    forecasts = walk(date(2018, 1, 1), date(2018, 12, 28)).days.forecasts
    expected = forecasts.forecast[forecasts.dates >= np.datetime64("2018-01-01")]
    predictions = predict(made, sample, last=len(expected) + 1).predictions
    provider = open_provider(sample)
    factors = dict(zip(provider.calendar.astype(object), provider.column("SH600000", "$factor"), strict=True))
    np.testing.assert_allclose(
        [each.forecast for each in predictions[:-1]],
        expected * [factors[each.as_of] for each in predictions[:-1]],
        rtol=1e-4,
    )
    assert all(one.date == other.as_of for one, other in itertools.pairwise(predictions))


def test_a_forecast_does_not_depend_on_how_many_there_are(made: Bundle, sample: Path) -> None:
    (alone,), (*_, last) = (predict(made, sample, last=count).predictions for count in (1, 60))
    assert (alone.forecast, alone.low, alone.high) == (last.forecast, last.low, last.high)
    assert float(f"{alone.forecast:.5g}") == alone.forecast


def test_nothing_after_the_date_is_used(made: Bundle, sample: Path, tmp_path: Path) -> None:
    short = write_copy(sample, tmp_path / "short", change=lambda table: table, until="2018-06-29")
    one, other = (predict(made, data, date(2018, 6, 22), last=5).predictions for data in (sample, short))
    assert [each.forecast for each in one] == [each.forecast for each in other]
    assert [each.as_of for each in one][-1] == date(2018, 6, 22)
    assert math.isnan(one[-1].actual)


def test_the_next_trading_day_is_the_calendar_s_over_weekends_and_holidays(made: Bundle, sample: Path) -> None:
    (found,) = predict(made, sample, date(2018, 4, 27)).predictions  # a Friday before the first of May, a Tuesday
    assert (found.as_of, found.date) == (date(2018, 4, 27), date(2018, 4, 30))
    (found,) = predict(made, sample, date(2018, 4, 30)).predictions
    assert found.date == date(2018, 5, 3)


@pytest.mark.parametrize(
    ("exchange", "day"),
    [(None, date(2019, 1, 2)), ("NYSE", date(2018, 12, 31)), ("JPX", date(2019, 1, 4))],
)
def test_after_the_calendar_s_end_it_is_the_exchange_s_next_day(
    made: Bundle, sample: Path, exchange: str | None, day: date
) -> None:
    result = predict_days(made, sample, None, TODAY, 1, (), 0.8, exchange)
    assert result.predictions[0].date == day
    assert result.warnings == []


def forget_exchanges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make no name tell an exchange, as for an American stock."""
    for module in (view, provider_module):
        monkeypatch.setattr(module, "exchange_of", lambda name: None)


def test_where_no_session_is_known_it_is_the_next_weekday_with_a_warning(
    made: Bundle, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_exchanges(monkeypatch)
    result = predict(made, sample)
    assert result.predictions[0].date == date(2018, 12, 31)
    assert result.warnings == [
        "the calendar ends on 2018-12-28, and the next trading day without the exchange of SH600000 is not known: "
        "2018-12-31 is a weekday"
    ]


def test_where_the_exchange_has_not_published_the_next_session_a_warning_names_it(
    made: Bundle, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = exchange.all_sessions("XSHG")
    monkeypatch.setattr(exchange, "all_sessions", lambda name: published[published <= np.datetime64("2018-12-28")])
    result = predict(made, sample)
    assert result.predictions[0].date == date(2018, 12, 31)
    assert "the next trading day of XSHG is not known: 2018-12-31 is a weekday" in result.warnings[0]


def test_the_provider_s_future_calendar_tells_the_next_trading_day(made: Bundle, sample: Path, tmp_path: Path) -> None:
    data = write_copy(sample, tmp_path / "future", change=lambda table: table)
    (data / "calendars/day_future.txt").write_text("2019-01-03\n")
    result = predict(made, data)
    assert (result.predictions[0].date, result.warnings) == (date(2019, 1, 3), [])


def test_the_distance_to_the_exchange_s_next_day_is_an_input_at_the_end_of_the_data(
    made: Bundle, sample: Path, tmp_path: Path
) -> None:
    eve = date(2018, 9, 28)  # of a week of holidays
    short = write_copy(sample, tmp_path / "short", change=lambda table: table, until=str(eve))
    one, other = (predict(made, *asked).predictions[0] for asked in ((short,), (sample, eve)))
    assert (one.date, one.forecast) == (other.date, other.forecast)


def test_what_the_exchange_has_published_is_an_input_at_the_end_of_the_data(
    best: RefitSource, sample: Path, tmp_path: Path
) -> None:
    definition = best.configuration.definition
    features = (*definition.data.features, "$days_after_next", "$sessions_to_holiday", "$sessions_to_month_end")
    changed = definition.model_copy(update={"data": definition.data.model_copy(update={"features": features})})
    panel = read_data(changed, sample, tmp_path, after_test=True)
    source = replace(best, configuration=replace(best.configuration, definition=changed), panel=panel)
    made = refit(source, UNTIL, refit_context(tmp_path)).bundle
    eve = date(2018, 9, 25)  # the third session before a week of holidays, at the end of a month
    short = write_copy(sample, tmp_path / "short", change=lambda table: table, until=str(eve))
    one, other = (predict(made, *asked).predictions[0] for asked in ((short,), (sample, eve)))
    assert (one.date, one.forecast) == (other.date, other.forecast)
    (elsewhere,) = predict_days(made, short, None, TODAY, 1, (), 0.8, "NYSE").predictions
    assert elsewhere.date == one.date
    assert elsewhere.forecast != one.forecast


def test_a_guessed_next_day_at_the_end_of_the_data_is_no_difference(
    made: Bundle, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_exchanges(monkeypatch)  # so 2018-01-01 is taken for a trading day
    short = write_copy(sample, tmp_path / "short", change=lambda table: table, until="2017-12-29")
    assert predict(made, short, last=2).predictions[-1].as_of == date(2017, 12, 29)


def test_a_bundle_that_is_over_a_year_old_warns(refitted: Callable[[date | None], RefitResult], sample: Path) -> None:
    old = refitted(date(2017, 6, 30)).bundle
    warning = "the bundle was fitted on days up to 2017-06-30, over a year before the latest data: refit it"
    assert warning in predict(old, sample, date(2018, 7, 6)).warnings
    assert warning not in predict(old, sample, date(2018, 6, 29)).warnings


def test_stale_data_warn(made: Bundle, sample: Path) -> None:
    warning = "the data of SH600000 are stale: its last trade day is 2018-12-28, 35 days before 2019-02-01"
    assert warning in predict(made, sample, today=date(2019, 2, 1)).warnings


def test_inputs_outside_the_training_range_warn(made: Bundle, sample: Path, tmp_path: Path) -> None:
    def wild(table: pd.DataFrame) -> pd.DataFrame:
        high = table["high"].copy()
        high.loc["2018-12-27":] *= 3
        return table.assign(high=high)

    warnings = predict(made, write_copy(sample, tmp_path / "wild", change=wild)).warnings
    (warning,) = [line for line in warnings if "range" in line]
    assert warning.startswith("Log($high/$low) of SH600000 is outside its range in training by ")


def test_other_data_are_refused_with_the_day_and_both_values(made: Bundle, sample: Path, tmp_path: Path) -> None:
    doubled = write_copy(sample, tmp_path / "doubled", change=lambda table: table.assign(volume=table["volume"] * 2))
    with pytest.raises(
        DataError, match=r"\$volume of SH600000 on 2017-12-\d\d is .* in these data, and was .* in those"
    ):
        predict(made, doubled)


def test_days_that_the_bundle_was_fitted_on_are_forecast_with_a_warning(made: Bundle, sample: Path) -> None:
    warning = "the bundle was fitted on the days up to 2017-12-31: its output for them is not a forecast"
    fitted, new = (predict(made, sample, day) for day in (date(2017, 8, 1), date(2017, 12, 29)))
    assert (fitted.predictions[0].date, fitted.warnings) == (date(2017, 8, 2), [warning])
    assert (new.predictions[0].date, new.warnings) == (date(2018, 1, 4), [])


def test_data_that_end_before_the_bundle_s_last_train_days_are_refused(
    made: Bundle, sample: Path, tmp_path: Path
) -> None:
    short = write_copy(sample, tmp_path / "short", change=lambda table: table, until="2017-06-30")
    with pytest.raises(DataError, match="the data lack the days of SH600000 up to 2017-12-31, on which the bundle was"):
        predict(made, short)


def test_data_without_the_instrument_are_refused(made: Bundle, other_sample: Path, tmp_path: Path) -> None:
    empty = Path(shutil.copytree(other_sample, tmp_path / "other"))
    (empty / "instruments" / "all.txt").write_text("SH000300\t2010-01-04\t2018-12-28\n")
    with pytest.raises(DataError, match="has no SH600000, which the bundle forecasts"):
        predict(made, empty)


def test_an_instrument_that_is_not_the_bundle_s_is_refused(made: Bundle, sample: Path) -> None:
    with pytest.raises(UsageError, match="the bundle was not fitted on SH000300"):
        predict_days(made, sample, None, TODAY, 1, ("SH000300",), 0.8)


def test_an_interval_lies_around_the_forecast_and_widens_with_its_coverage(made: Bundle, sample: Path) -> None:
    narrow, wide = (predict_days(made, sample, None, TODAY, 1, (), each).predictions[0] for each in (0.5, 0.9))
    assert wide.low < narrow.low < narrow.forecast < narrow.high < wide.high
    assert narrow.unit == "shares"


def test_the_coverage_of_intervals_is_measured_on_earlier_days(made: Bundle, sample: Path) -> None:
    result = predict(made, sample)
    assert result.coverage_days > 300
    assert 0.7 < result.coverage < 0.9


def test_with_too_few_errors_there_is_no_interval_and_a_warning(made: Bundle, sample: Path) -> None:
    bare = Bundle(made.facts, made.weights, {"SH600000": np.zeros(10)})
    result = predict(bare, sample)
    assert math.isnan(result.predictions[0].low)
    assert "SH600000 has too few out-of-sample errors for an interval" in result.warnings
    assert result.coverage_days == 0


def test_without_a_factor_the_unit_is_adjusted_shares(made: Bundle, sample: Path, tmp_path: Path) -> None:
    data = write_copy(sample, tmp_path / "plain", change=lambda table: table.drop(columns="factor"))
    assert predict(made, data).predictions[0].unit == "adjusted shares"


def test_another_target_stays_in_its_own_unit(best: RefitSource, sample: Path, tmp_path: Path) -> None:
    """A price, neither in logs nor relative: its interval is forecast plus error."""
    definition = best.configuration.definition
    data = definition.data.model_copy(update={"target": "$close", "transform": "none", "anchor": "none"})
    close = definition.model_copy(update={"data": data})
    panel = read_data(close, sample, tmp_path, after_test=True)
    source = replace(best, configuration=replace(best.configuration, definition=close), panel=panel)
    made = refit(source, UNTIL, refit_context(tmp_path)).bundle
    (found,) = predict(made, sample).predictions
    assert (found.target, found.unit) == ("$close", "$close")
    ends = conformal.quantiles(made.errors["SH600000"])
    assert (found.low, found.high) == pytest.approx([found.forecast + end for end in ends], rel=1e-4)
