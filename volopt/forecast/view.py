"""Read one instrument's days up to a date, check that they are the bundle's data, and append the next trading day."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from volopt.data.exchange import exchange_of
from volopt.data.frame import VOLUME, Frame, load_frames
from volopt.data.provider import MAX_HOLIDAY_DAYS, Provider
from volopt.data.sessions import CALENDAR_FIELDS, Sessions
from volopt.definition.expressions import parse
from volopt.errors import DataError
from volopt.forecast.bundle import Bundle, BundleInstrument
from volopt.forecast.walk_forward.step import resumptions
from volopt.windows.dataset import Dataset, Series, assemble
from volopt.windows.split import DateSplit
from volopt.windows.windows import Samples, samples_at

FACTOR = "$factor"
TOLERANCE = 1e-3  # relative: values go through float32 and other ranges of rolling sums
MAX_AGE_DAYS = 366  # of a bundle without a warning; a backtest refits each year
MAX_OUTSIDE = 0.05  # of the training range, by which inputs may leave it without a warning


class InstrumentView:
    """Hold one instrument as a bundle sees it on a day.

    Args:
        bundle: the forecaster.
        instrument: as the bundle knows it.
        provider: the data.
        day: the last day to use; None for the newest.
        last: how many days to forecast: the next trading day and those before it.
        exchange: whose sessions follow the calendar, as ``exchange_named`` returns it; None for those that the provider
            lists and then those of the exchange that the instrument's name tells.
        market: the series of the market's parts of expressions.

    Raises:
        DataError: the data lack the instrument, have too few days, or differ from those that the bundle was fitted on.
    """

    def __init__(
        self,
        bundle: Bundle,
        instrument: BundleInstrument,
        provider: Provider,
        day: date | None,
        last: int,
        exchange: str | None = None,
        market: Mapping[str, np.ndarray] | None = None,
    ) -> None:
        self.market = market or {}
        self.bundle, self.instrument, self.provider, self.day = bundle, instrument, provider, day
        self.exchange = exchange or exchange_of(instrument.name)
        self._following = provider.sessions_after(instrument.name, exchange)
        window = bundle.config.window
        longest = max(window, bundle.definition.model.window) if bundle.facts.combined else window
        dataset = assemble([self._frame()], bundle.definition, DateSplit({}, window), "")
        (series,) = dataset.series
        self._check_same_data(dataset, series)
        stop = int(np.searchsorted(series.dates, np.datetime64(day or date.max), side="right"))
        if stop < longest:
            raise DataError(
                f"{instrument.name} has {stop} trade days{f' up to {day}' if day else ''}, fewer than the {longest} of "
                "a window",
                "use data that begin earlier, or a later --date",
            )
        self.as_of: date = series.dates[stop - 1].item()
        self.next = self._next_day()
        self.series = _extend(series, stop, self.next)
        self.rows = range(max(longest, stop + 1 - last), stop + 1)
        self.dataset = replace(dataset, series=(self.series,))
        static = bundle.facts.static.scaling() if bundle.facts.static else None
        self.samples: Samples = samples_at(self.dataset, [self.rows], [instrument.scaling()], window, "cpu", static)

    def warnings(self, today: date) -> Iterator[str]:
        """Yield what a reader must know of these forecasts."""
        name, until, day = self.instrument.name, self.bundle.until, self.day or today
        if self.next <= until:
            yield f"the bundle was fitted on the days up to {until}: its output for them is not a forecast"
        if (day - self.as_of).days > MAX_HOLIDAY_DAYS:
            age = f"{(day - self.as_of).days} days before {day}"
            yield f"the data of {name} are stale: its last trade day is {self.as_of}, {age}"
        if (self.as_of - until).days > MAX_AGE_DAYS:
            yield f"the bundle was fitted on days up to {until}, over a year before the latest data: refit it"
        if self.next > (end := self.provider.day(-1)) and not len(self._following):
            of = f"of {self.exchange}" if self.exchange else f"without the exchange of {name}"
            yield f"the calendar ends on {end}, and the next trading day {of} is not known: {self.next} is a weekday"
        newest = self.samples.inputs()[-1].double().numpy()
        low, high = np.array(self.instrument.low), np.array(self.instrument.high)
        outside = np.maximum(low - newest, newest - high).max(axis=0) / np.maximum(high - low, 1e-12)
        for feature, share in zip(self.bundle.definition.data.features, outside.tolist(), strict=True):
            if share > MAX_OUTSIDE:
                yield f"{feature} of {name} is outside its range in training by {share:.0%} of the range"

    def unit(self, row: int) -> tuple[float, str]:
        """Return the factor from the target to a unit, as known on the day of ``row``, and the unit."""
        target = self.bundle.definition.data.target
        if target != VOLUME:
            return 1.0, target
        if FACTOR not in self.provider.fields(self.instrument.name):
            return 1.0, "adjusted shares"
        factors = np.append(self.provider.column(self.instrument.name, FACTOR), np.nan)  # NaN after the calendar's end
        factor = float(factors[np.searchsorted(self.provider.calendar, self.series.dates[row])])
        return (factor, "shares") if factor > 0 else (1.0, "adjusted shares")

    def resumption_warnings(self) -> Iterator[str]:
        """Yield which forecasts are HAR's, because the stock resumes trade after a suspension."""
        if self.instrument.har and (resumed := self.resumptions()).any():
            days = self.series.dates[self.rows.start : self.rows.stop][resumed]
            name, several = self.instrument.name, "s" * (len(days) > 1)
            yield f"HAR forecasts {name} for the day{several} after a suspension, {', '.join(map(str, days))}"

    def resumptions(self) -> NDArray[np.bool_]:
        """Return which of the forecast days resume trade after a suspension, shape (forecasts,)."""
        sessions = Sessions.of(self.provider.calendar, self._following).days
        return resumptions(self.series.dates, sessions)[self.rows.start : self.rows.stop]

    def _frame(self) -> Frame:
        data, directory = self.bundle.definition.data, self.provider.directory
        if self.instrument.name not in self.provider.instruments:
            raise DataError(
                f"{directory} has no {self.instrument.name}, which the bundle forecasts",
                "name other data, or other instruments",
            )
        expressions = list(dict.fromkeys([*data.features, data.target]))
        (frame,), _ = load_frames(
            directory,
            self.instrument.name,
            expressions,
            None,
            None,
            reader="native",
            following=self._following,
            static=[each.read for each in data.static_inputs],
            market=self.market,
        )
        return frame

    def _next_day(self) -> date:
        """Return the next trading day: of the calendar, or of the sessions after it."""
        end = self.provider.day(-1)
        newest = max(self.as_of, min(self.day or end, end))
        sessions = Sessions.of(self.provider.calendar, self._following).days
        following: date = sessions[np.searchsorted(sessions, np.datetime64(newest), side="right")].item()
        return following

    def _check_same_data(self, dataset: Dataset, series: Series) -> None:
        """Refuse data that differ on the bundle's last train days, or lack most of these.

        What the calendar says of coming sessions is no difference: at its end it was a guess.
        """
        fitted, facts, data = self.instrument, self.bundle.facts, self.bundle.definition.data
        _, rows, known = np.intersect1d(series.dates, np.array(fitted.days, "datetime64[D]"), return_indices=True)
        if len(rows) * 2 < len(fitted.days):
            raise DataError(
                f"the data lack the days of {fitted.name} up to {facts.until}, on which the bundle was fitted",
                "use the data that it was fitted on, or newer ones from the same source",
            )
        values, expected = np.column_stack([series.features, series.transformed]), np.array(fitted.values)
        texts, spread = [*data.features, data.target], [*fitted.scale, fitted.target_scale]
        if dataset.static is not None and facts.static:
            values, expected = np.hstack([values, dataset.static]), np.hstack([expected, np.array(fitted.static)])
            texts, spread = [*texts, *data.static], [*spread, *facts.static.scale]
        values, expected = values[rows], expected[known]
        guessed = [not CALENDAR_FIELDS.keys().isdisjoint(parse(text).all_fields) for text in texts]
        allowed = np.where(guessed, np.inf, TOLERANCE * (np.abs(expected) + np.array(spread)))
        different = np.argwhere(np.abs(values - expected) > allowed)
        if different.size:
            row, column = different[-1]
            raise DataError(
                f"{texts[column]} of {fitted.name} on {series.dates[rows[row]]} is "
                f"{values[row, column]:.6g} in these data, and was {expected[row, column]:.6g} in those that the "
                "bundle was fitted on",
                "use data of the same source and adjustment, or refit on these",
            )


def _extend(series: Series, stop: int, day: date) -> Series:
    """Return the first ``stop`` days of a series and one more day, whose values are not known."""
    return Series(
        series.name,
        np.append(series.dates[:stop], np.datetime64(day)),
        np.vstack([series.features[:stop], np.full(series.features.shape[1], np.nan)]),
        np.append(series.target[:stop], np.nan),
        np.append(series.transformed[:stop], np.nan),
        series.first_row,
    )
