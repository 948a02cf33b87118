"""What is known of one instrument on a day, with the next trading day put after it; and whether it is the same data."""

import math
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np

from volopt.data.frame import VOLUME, Frame, load_frames
from volopt.data.provider import HOLIDAYS, Provider, next_weekday
from volopt.errors import DataError
from volopt.forecast.bundle import Bundle, BundleInstrument
from volopt.windows.dataset import Series, assemble
from volopt.windows.split import DateSplit
from volopt.windows.windows import Samples, samples_at

FACTOR = "$factor"
NEAR = 1e-3  # relative: values through float32 and another range of rolling sums
OLD = 366  # days after which a forecaster is refitted, as a backtest does each year
BEYOND = 0.05  # of the range seen in training, that inputs may leave it by before anyone is told


class InstrumentView:
    """One instrument as a bundle sees it on a day.

    Args:
        bundle: the forecaster.
        seen: the instrument as it was fitted on.
        provider: the data.
        day: no forecast knows of a later one; None for the newest.
        last: how many days to forecast, the next trading day and those before it.

    Raises:
        DataError: the data have not the instrument or too few days, or are not those that the bundle was fitted on.
    """

    def __init__(self, bundle: Bundle, seen: BundleInstrument, provider: Provider, day: date | None, last: int) -> None:
        self.bundle, self.seen, self.provider, self.day = bundle, seen, provider, day
        frame = _frame(bundle, seen.name, provider)
        (whole,) = assemble([frame], bundle.definition, DateSplit({}, bundle.window), "").series
        _check(whole, seen, bundle)
        stop = len(frame.dates) if day is None else int(np.searchsorted(frame.dates, np.datetime64(day), side="right"))
        frame = replace(frame, dates=frame.dates[:stop], values=frame.values[:stop])
        window = bundle.window
        if stop < window:
            told = f"{seen.name} has {stop} trade days{f' up to {day}' if day else ''}"
            raise DataError(
                f"{told}, fewer than the {window} of a window", "use data that begin earlier, or a later --date"
            )
        dataset = assemble([frame], bundle.definition, DateSplit({}, window), "")
        self.as_of: date = frame.dates[-1].item()
        self.next, self.next_is_known = self._next_day()
        self.series = _with_next(dataset.series[0], self.next)
        days = len(self.series.dates)
        self.rows = range(max(window, days - last), days)
        known = replace(dataset, series=(self.series,))
        self.samples: Samples = samples_at(known, [self.rows], [seen.scaling()], window)

    def warnings(self, today: date) -> Iterator[str]:
        """Yield what a reader must know of these forecasts."""
        asked = self.day or today
        if self.next <= self.bundle.until:
            told = f"the bundle has seen what came until {self.bundle.until}"
            yield f"{told}: up to then nothing that it says is a forecast"
        if (asked - self.as_of).days > HOLIDAYS:
            told = f"its last trade day is {self.as_of}, {(asked - self.as_of).days} days before {asked}"
            yield f"the data of {self.seen.name} are stale: {told}"
        if (self.as_of - self.bundle.until).days > OLD:
            yield f"the bundle was fitted on days up to {self.bundle.until}, over a year before: refit it"
        if not self.next_is_known:
            told = f"the calendar ends on {self.provider.day(-1)}, and the next trading day is not known"
            yield f"{told}: {self.next} is the next weekday"
        newest = self.samples.inputs()[-1].double().numpy()
        low, high = np.array(self.seen.low), np.array(self.seen.high)
        beyond = np.maximum(low - newest, newest - high).max(axis=0) / np.maximum(high - low, 1e-12)
        for name, share in zip(self.bundle.definition.data.features, beyond.tolist(), strict=True):
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

    def unit(self, row: int) -> tuple[float, str]:
        """Return what turns the target into a unit by what is known on the day of ``row``, and the unit."""
        target = self.bundle.definition.data.target
        if target != VOLUME:
            return 1.0, target
        factor = _factor(self.provider, self.seen.name, self.series.dates[row])
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


def _check(series: Series, seen: BundleInstrument, bundle: Bundle) -> None:
    """Refuse data that differ from those the bundle was fitted on, on days that both have."""
    dates = np.array(seen.days, "datetime64[D]")
    rows = np.searchsorted(series.dates, dates)
    known = (rows < len(series.dates)) & (series.dates[np.minimum(rows, len(series.dates) - 1)] == dates)
    if known.sum() * 2 < len(dates):
        raise DataError(
            f"the data lack the days of {seen.name} up to {bundle.facts.until}, on which the bundle was fitted",
            "use the data that it was made of, or newer ones of the same source",
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
