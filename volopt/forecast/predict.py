"""Forecast the next trading day and the latest ones with a bundle."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from volopt.baselines.methods import har_forecast
from volopt.data.exchange import exchange_named
from volopt.data.market import Market, read_market
from volopt.data.provider import MAX_HOLIDAY_DAYS, Provider, open_provider
from volopt.definition.expressions import parse
from volopt.definition.plain_text import shortened
from volopt.errors import DataError, UsageError, suggest
from volopt.forecast import conformal
from volopt.forecast.bundle import Bundle
from volopt.forecast.members import combine_with_members
from volopt.forecast.view import InstrumentView
from volopt.metrics import Array
from volopt.models.recurrent import Recurrent
from volopt.training.device import reproducible
from volopt.training.network import predict

# Significant digits of a forecast. float32 bears about six, and the last ones depend on what is forecast together.
DIGITS = 5


@dataclass(frozen=True)
class Prediction:
    """Hold one forecast; quantities are in ``unit``, forecast and interval with ``DIGITS`` significant digits."""

    instrument: str
    target: str
    as_of: date  # the last day that the forecast knows
    date: date
    forecast: float
    low: float  # of the interval; NaN with too few errors
    high: float
    unit: str
    actual: float  # NaN if not known yet


@dataclass(frozen=True)
class Predictions:
    """Hold forecasts by instrument and day, warnings, and the out-of-sample coverage of such intervals."""

    predictions: Sequence[Prediction]
    warnings: Sequence[str]
    coverage: float  # measured on the bundle's out-of-sample errors; NaN with too few
    coverage_days: int
    synthetic: bool


def predict_days(
    bundle: Bundle,
    data: Path | None,
    day: date | None,
    today: date,
    last: int,
    instruments: Sequence[str],
    coverage: float,
    exchange: str | None = None,
) -> Predictions:
    """Return the forecasts of the next trading day, and of the ``last`` - 1 trade days before it.

    Args:
        bundle: the forecaster.
        data: a provider's directory; None for the one that the bundle was fitted on.
        day: the last day to read; None for the end of the data.
        today: the date, to recognise stale data.
        last: forecasts of an instrument.
        instruments: of the bundle, each once if it is named twice; none for all.
        coverage: of the intervals.
        exchange: whose next trading day follows the end of the data; None for the one that an instrument's name tells.

    Raises:
        UsageError: the bundle was not fitted on an instrument, or the exchange is unknown.
        DataError: the data cannot be read, or differ from those that the bundle was fitted on.
    """
    known = {instrument.name: instrument for instrument in bundle.facts.instruments}
    for name in instruments:
        if name not in known:
            raise UsageError(f"the bundle was not fitted on {name}", suggest(name, known))
    chosen = list(dict.fromkeys(instruments or known))
    code = None if exchange is None else exchange_named(exchange)
    provider = open_provider(data or Path(bundle.facts.data.provider))
    # Its fields of the calendar know the same sessions after the end of the data as those of the first instrument.
    following = provider.sessions_after(chosen[0], code)
    market = _read_market(bundle, replace(provider, following=following), day)
    networks = list(bundle.networks())
    predictions: list[Prediction] = []
    warnings = list(market.notes)
    for name in chosen:
        view = InstrumentView(bundle, known[name], provider, day, last, code, market.series)
        own = _predict_instrument(view, networks, coverage)
        predictions += own
        warnings += view.resumption_warnings()
        warnings += view.warnings(today)
        if math.isnan(own[-1].low):
            warnings.append(f"{name} has too few out-of-sample errors for an interval")
    errors = [bundle.errors[name] for name in chosen]
    low, high = np.concatenate([conformal.rolling_quantiles(each, coverage) for each in errors], axis=1)
    measured, days = conformal.measure_coverage(low, np.concatenate(errors), high)
    return Predictions(predictions, list(dict.fromkeys(warnings)), measured, days, provider.synthetic)


def _read_market(bundle: Bundle, provider: Provider, day: date | None) -> Market:
    """Return the series of the market's parts of the bundle's expressions, over the stocks that it was fitted on.

    Its notes are on the days from shortly before the end of the bundle's train days to ``day``.
    """
    data, stocks = bundle.definition.data, bundle.facts.market
    missing = [name for name in stocks if name not in provider.instruments]
    if missing:
        raise DataError(
            f"{provider.directory} lacks {len(missing)} of the {len(stocks)} stocks of the cross-section, "
            f"{shortened(', '.join(missing))}",
            "use data with all of them, or refit on these",
        )
    newest = min(day or date.max, provider.day(-1))
    first = min(bundle.until, newest) - timedelta(days=MAX_HOLIDAY_DAYS)
    expressions = map(parse, [*data.features, data.target, *data.static])
    return read_market(provider, stocks, expressions, first, newest)


def _predict_instrument(view: InstrumentView, networks: Sequence[Recurrent], coverage: float) -> list[Prediction]:
    """Return the forecasts of an instrument, oldest first."""
    with reproducible("cpu"):
        by_seed = [view.samples.original(predict(network, view.samples)) for network in networks]
    forecast = _final_forecast(view, np.mean(by_seed, axis=0))
    data, series = view.bundle.definition.data, view.series
    quantiles = conformal.quantiles(view.bundle.errors[series.name], coverage)
    low, high = (conformal.interval_end(forecast, each, log=data.transform == "log") for each in quantiles)
    predictions = []
    for index, row in enumerate(view.rows):
        factor, unit = view.unit(row - 1)
        predictions.append(
            Prediction(
                instrument=series.name,
                target=data.target,
                as_of=series.dates[row - 1].item(),
                date=series.dates[row].item(),
                forecast=_rounded(forecast[index] * factor),
                low=_rounded(low[index] * factor),
                high=_rounded(high[index] * factor),
                unit=unit,
                actual=float(series.target[row]) * view.unit(row)[0],
            )
        )
    return predictions


def _final_forecast(view: InstrumentView, network: Array) -> Array:
    """Return what ``[forecast]`` makes of the networks' mean forecast, shape (forecasts,)."""
    bundle, forecast = view.bundle, network
    if bundle.facts.combined:
        names = [instrument.name for instrument in bundle.facts.instruments]
        forecast = combine_with_members(
            bundle.pooled,
            bundle.facts.combined,
            view.dataset,
            view.rows,
            bundle.definition.model.window,
            names.index(view.series.name),
            network,
        )
    if view.instrument.har:
        *coefficients, floor = view.instrument.har
        log = np.log(np.maximum(view.series.target, floor))
        by_har = har_forecast(log, np.array(coefficients))[view.rows.start : view.rows.stop]
        forecast = np.where(view.resumptions(), by_har, forecast)
    return forecast


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
