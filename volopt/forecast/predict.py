"""``volopt predict`` as plain functions: what a bundle forecasts from the latest days."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

from volopt.data.provider import open_provider
from volopt.errors import UsageError, suggest
from volopt.forecast import conformal
from volopt.forecast.bundle import Bundle
from volopt.forecast.networks import networks
from volopt.forecast.view import InstrumentView
from volopt.metrics import Array
from volopt.models.recurrent import Recurrent
from volopt.training.device import reproducible
from volopt.training.network import predict


@dataclass(frozen=True)
class Prediction:
    """One forecast; quantities in ``unit``."""

    instrument: str
    target: str
    as_of: date  # the last day that it was made from
    date: date
    forecast: float
    low: float  # of the interval; NaN where too few errors are known
    high: float
    unit: str
    actual: float  # what came; NaN where that is not known yet


@dataclass(frozen=True)
class Predictions:
    """Forecasts by instrument and day, what a reader must know, and how well such intervals held."""

    predictions: Sequence[Prediction]
    warnings: Sequence[str]
    held: float  # the share of earlier days that intervals of this coverage held; NaN where there are too few
    held_days: int
    synthetic: bool


def predicted(
    bundle: Bundle, data: Path, day: date | None, today: date, last: int, instruments: Sequence[str], coverage: float
) -> Predictions:
    """Return the forecasts of the next trading day, and of the ``last`` - 1 trade days before it.

    Args:
        bundle: the forecaster.
        data: a provider's directory.
        day: nothing later than this day is looked at; None for the newest data.
        today: the date, from which on data are stale.
        last: forecasts of an instrument.
        instruments: of the bundle; none for all.
        coverage: of the intervals.

    Raises:
        UsageError: an instrument is not the bundle's.
        DataError: the data cannot be read, or are not those that the bundle was fitted on.
    """
    known = {each.name: each for each in bundle.facts.instruments}
    for name in instruments:
        if name not in known:
            raise UsageError(f"the bundle was not fitted on {name}", suggest(name, known))
    provider = open_provider(data)
    fitted = list(networks(bundle))
    predictions: list[Prediction] = []
    warnings: list[str] = []
    for name in instruments or known:
        view = InstrumentView(bundle, known[name], provider, day, last)
        found = _predictions(view, fitted, coverage)
        predictions += found
        warnings += [*view.warnings(today), *([] if math.isfinite(found[-1].low) else [_without_interval(name)])]
    held, days = _held(bundle, [name for name in known if name in instruments or not instruments], coverage)
    return Predictions(predictions, list(dict.fromkeys(warnings)), held, days, provider.synthetic)


def _predictions(view: InstrumentView, fitted: Sequence[Recurrent], coverage: float) -> list[Prediction]:
    """Return the forecasts of an instrument, oldest first."""
    with reproducible("cpu", "highest", "RNN"):
        each = [view.samples.original(predict(network, view.samples)) for network in fitted]
    forecast: Array = np.mean(each, axis=0)
    data, series = view.bundle.definition.data, view.series
    ends = conformal.quantiles(view.bundle.errors[series.name], coverage)
    log = data.transform == "log"
    low, high = (conformal.moved(forecast, np.full(forecast.shape, end), log=log) for end in ends)
    found = []
    for number, row in enumerate(view.rows):
        factor, unit = view.unit(row - 1)
        known = view.unit(row)[0] if row + 1 < len(series.dates) else math.nan
        found.append(
            Prediction(
                instrument=series.name,
                target=data.target,
                as_of=series.dates[row - 1].item(),
                date=series.dates[row].item(),
                forecast=float(forecast[number]) * factor,
                low=float(low[number]) * factor,
                high=float(high[number]) * factor,
                unit=unit,
                actual=float(series.target[row]) * known,
            )
        )
    return found


def _held(bundle: Bundle, names: Sequence[str], coverage: float) -> tuple[float, int]:
    """Return the share of the errors that intervals calibrated on those before them held, and of how many."""
    held = []
    for name in names:
        errors = bundle.errors[name]
        low, high = conformal.rolling(errors, coverage)
        told = np.isfinite(low)
        held.append(((low <= errors) & (errors <= high))[told])
    everything = np.concatenate(held)
    return (float(everything.mean()), len(everything)) if everything.size else (math.nan, 0)


def _without_interval(name: str) -> str:
    return f"there are too few out-of-sample errors of {name} for an interval"
