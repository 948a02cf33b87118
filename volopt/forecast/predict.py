"""``volopt predict`` as plain functions: what a bundle forecasts from the latest days."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np

from volopt.data.frame import Frame, load_frames
from volopt.data.provider import HOLIDAYS, Provider, next_weekday, open_provider
from volopt.errors import DataError, UsageError, suggest
from volopt.forecast import conformal
from volopt.forecast.bundle import Bundle, Instrument
from volopt.forecast.networks import networks
from volopt.metrics import Array
from volopt.models.recurrent import Recurrent
from volopt.training.device import reproducible
from volopt.training.network import predict
from volopt.windows.dataset import Series, assemble
from volopt.windows.split import ByDate
from volopt.windows.windows import Samples, samples_at

VOLUME = "$volume"
FACTOR = "$factor"
NEAR = 1e-3  # relative: values through float32 and another range of rolling sums
BEYOND = 0.05  # of the range seen in training, that inputs may leave it by before anyone is told


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
class Predicted:
    """Forecasts by instrument and day, what a reader must know, and how well such intervals held."""

    predictions: Sequence[Prediction]
    warnings: Sequence[str]
    held: float  # the share of earlier days that intervals of this coverage held; NaN where there are too few
    held_days: int
    synthetic: bool = False
    left_out: Sequence[str] = field(default_factory=tuple)


def predicted(
    bundle: Bundle, data: Path, day: date | None, today: date, last: int, instruments: Sequence[str], coverage: float
) -> Predicted:
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
        view = _View(bundle, known[name], provider, day, last)
        found = view.predictions(fitted, coverage)
        predictions += found
        warnings += [*view.warnings(today), *([] if math.isfinite(found[-1].low) else [_without_interval(name)])]
    held, days = _held(bundle, [name for name in known if name in instruments or not instruments], coverage)
    return Predicted(predictions, list(dict.fromkeys(warnings)), held, days, provider.synthetic)


class _View:
    """What is known of one instrument on a day, with the next trading day put after it."""

    def __init__(self, bundle: Bundle, seen: Instrument, provider: Provider, day: date | None, last: int) -> None:
        self.bundle, self.seen, self.provider, self.day = bundle, seen, provider, day
        frame = _frame(bundle, seen.name, provider)
        stop = len(frame.dates) if day is None else int(np.searchsorted(frame.dates, np.datetime64(day), side="right"))
        frame = replace(frame, dates=frame.dates[:stop], values=frame.values[:stop])
        window = bundle.window
        if stop < window:
            told = f"{seen.name} has {stop} trade days{f' up to {day}' if day else ''}"
            raise DataError(
                f"{told}, fewer than the {window} of a window", "use data that begin earlier, or a later --date"
            )
        dataset = assemble([frame], bundle.definition, ByDate({}, window), "")
        _check(dataset.series[0], seen, bundle)
        self.as_of: date = frame.dates[-1].item()
        self.next, self.next_is_known = self._next_day()
        series = _with_next(dataset.series[0], self.next)
        self.dataset = replace(dataset, series=(series,))
        first = max(window, len(series.dates) - last)
        self.rows = np.arange(first, len(series.dates))
        self.samples: Samples = samples_at(self.dataset, [self.rows.tolist()], [seen.scaling()], window)

    def predictions(self, networks: Sequence[Recurrent], coverage: float) -> list[Prediction]:
        """Return the forecasts, oldest first."""
        with reproducible("cpu", "highest", "RNN"):
            each = [self.samples.original(predict(network, self.samples)) for network in networks]
        forecast: Array = np.mean(each, axis=0)
        data = self.bundle.definition.data
        log = data.transform == "log"
        ends = conformal.quantiles(self.bundle.errors[self.seen.name], coverage)
        low, high = (conformal.moved(forecast, np.full(forecast.shape, end), log=log) for end in ends)
        series = self.dataset.series[0]
        found = []
        for number, row in enumerate(self.rows.tolist()):
            factor, unit = self._unit(row - 1)
            known = self._unit(row)[0] if row + 1 < len(series.dates) else math.nan
            found.append(
                Prediction(
                    instrument=self.seen.name,
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

    def warnings(self, today: date) -> Iterator[str]:
        """Yield what a reader must know of these forecasts."""
        asked = self.day or today
        if (asked - self.as_of).days > HOLIDAYS:
            told = f"its last trade day is {self.as_of}, {(asked - self.as_of).days} days before {asked}"
            yield f"the data of {self.seen.name} are stale: {told}"
        if not self.next_is_known:
            told = f"the calendar ends on {self.provider.day(-1)}, and the next trading day is not known"
            yield f"{told}: {self.next} is the next weekday"
        newest = self.samples.inputs()[-1].double().numpy()
        low, high = np.array(self.seen.low), np.array(self.seen.high)
        beyond = np.maximum(low - newest, newest - high).max(axis=0) / np.maximum(high - low, 1e-12)
        for name, share in zip(self.dataset.names, beyond.tolist(), strict=True):
            if share > BEYOND:
                yield f"{name} of {self.seen.name} leaves the range seen in training, by {share:.0%} of it"

    def _next_day(self) -> tuple[date, bool]:
        """Return the trading day to forecast, and whether the calendar has it."""
        calendar = self.provider.calendar
        newest = np.datetime64(max(self.as_of, min(self.day or self.provider.day(-1), self.provider.day(-1))))
        row = int(np.searchsorted(calendar, newest, side="right"))
        if row < len(calendar):
            return self.provider.day(row), True
        return next_weekday(calendar[-1]).astype(date), False

    def _unit(self, row: int) -> tuple[float, str]:
        """Return what turns the target into a unit by what is known on the day of ``row``, and the unit."""
        target = self.bundle.definition.data.target
        if target != VOLUME:
            return 1.0, target
        factor = _factor(self.provider, self.seen.name, self.dataset.series[0].dates[row])
        return (1.0, "adjusted shares") if math.isnan(factor) else (factor, "shares")


def _frame(bundle: Bundle, name: str, provider: Provider) -> Frame:
    said = bundle.definition.data
    if name not in provider.instruments:
        raise DataError(
            f"{provider.directory} has no {name}, which the bundle forecasts", "name other data, or other instruments"
        )
    expressions = list(dict.fromkeys([*said.features, said.target]))
    (frame,), _ = load_frames(provider.directory, name, expressions, None, None, reader="native")
    return frame


def _check(series: Series, seen: Instrument, bundle: Bundle) -> None:
    """Refuse data that differ from those the bundle was fitted on, on days that both have."""
    dates = np.array(seen.days, "datetime64[D]")
    rows = np.searchsorted(series.dates, dates)
    known = (rows < len(series.dates)) & (series.dates[np.minimum(rows, len(series.dates) - 1)] == dates)
    fitted_on = f"{seen.name} up to {bundle.facts.until}"
    if known.sum() * 2 < len(dates):
        if series.dates[-1] < dates[-1]:
            raise DataError(
                f"the bundle was fitted on {fitted_on}, and the data asked for end on {series.dates[-1]}",
                "a forecaster is for days that it has not seen: use a later --date or newer data",
            )
        raise DataError(
            f"the data lack days of {fitted_on}, on which the bundle was fitted", "use the data it was made of"
        )
    names = [*bundle.definition.data.features, bundle.definition.data.target]
    there = np.column_stack([series.features, series.transformed])[rows[known]]
    then = np.array(seen.values)[known]
    spread = np.append(np.array(seen.scale), seen.target_scale)
    wrong = np.argwhere(np.abs(there - then) > NEAR * (np.abs(then) + spread))
    if wrong.size:
        row, column = wrong[-1]
        raise DataError(
            f"{names[column]} of {seen.name} on {dates[known][row]} is {there[row, column]:.6g} in these data, and was "
            f"{then[row, column]:.6g} in those that the bundle was fitted on",
            "use data of the same source and adjustment, or refit on these",
        )


def _with_next(series: Series, day: date) -> Series:
    """Return a series with a day more, of which nothing is known."""
    return Series(
        series.name,
        np.append(series.dates, np.datetime64(day)),
        np.vstack([series.features, np.full((1, series.features.shape[1]), np.nan)]),
        np.append(series.target, np.nan),
        np.append(series.transformed, np.nan),
    )


def _factor(provider: Provider, name: str, day: np.datetime64) -> float:
    """Return the adjustment factor of a day, or NaN where there is none."""
    if FACTOR not in provider.fields(name):
        return math.nan
    start, values = provider.series(name, FACTOR)
    row = int(np.searchsorted(provider.calendar, day)) - start
    return float(values[row]) if 0 <= row < len(values) and values[row] > 0 else math.nan


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
