"""Fit one period of a walk forward on the days before it, and forecast the period.

The functions are pure, so that any process can run them. Scaling, networks and baselines see the days up to
``Period.train_end``: neither a day of the period nor a later one changes a fit.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from volopt.baselines.forecasts import forecasts
from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.forecast.walk_forward.periods import year_before
from volopt.training.refit import refit
from volopt.training.task import Arrays, Task
from volopt.windows.dataset import Dataset, assemble
from volopt.windows.prepare import MIN_DAYS, check_series, without_short_series
from volopt.windows.split import Dates, DateSplit, Period
from volopt.windows.static import check_static

MIN_TRAIN_DAYS = 100  # of a single instrument; those of a panel need ``MIN_DAYS``


@dataclass(frozen=True)
class MarketData:
    """Hold the frames of a study's instruments, from the study's first train day on."""

    frames: tuple[Frame, ...]
    definition: Definition
    window: int  # input days of the configuration
    calendar: np.ndarray | None = None  # datetime64[D], the exchange's sessions, where they are known

    def has_enough_before(self, period: Period) -> bool:
        """Return whether enough days lie before a period to learn from."""
        try:
            self.dataset(period)
        except DataError:
            return False
        return True

    def dataset(self, period: Period) -> Dataset:
        """Return the days of a period as ``test``, the days before it as ``train``, and no later day.

        Raises:
            DataError: too few days lie before the period, or they cannot be scaled.
        """
        assert self.definition.data.train is not None
        first, frames = self.definition.data.train[0], self._frames_until(period.last)
        # Pooled baselines, which static inputs bring, look back as far as [model] window.
        longest = max(self.window, self.definition.model.window) if self.definition.data.static else self.window
        rule = DateSplit({"train": (first, period.train_end), "test": (period.first, period.last)}, longest)
        dataset = assemble(frames, self.definition, rule, fingerprint(frames))
        if self.definition.data.instruments is not None:
            return _with_enough(dataset, first, period, self.window)
        days = len(dataset.rows("train", self.window, 0))
        if days < MIN_TRAIN_DAYS:
            raise DataError(
                f"{dataset.series[0].name} has {days} days to learn from before {period.first}, fewer than "
                f"{MIN_TRAIN_DAYS}",
                "write a later day, or use data that begin earlier",
            )
        check_series(dataset, 0, self.window)
        check_static(dataset, self.window)
        return dataset

    def _frames_until(self, last: date) -> list[Frame]:
        """Return the frames up to a day, without frames that begin later."""
        stops = [int(np.searchsorted(frame.dates, np.datetime64(last), side="right")) for frame in self.frames]
        return [
            replace(
                frame,
                dates=frame.dates[:stop],
                values=frame.values[:stop],
                static=None if frame.static is None else frame.static[:stop],
            )
            for frame, stop in zip(self.frames, stops, strict=True)
            if stop
        ]


def _with_enough(dataset: Dataset, first: date, period: Period, window: int) -> Dataset:
    """Return the instruments that a study would train on if its valid split were the year before the period."""
    latest = year_before(period.first)
    rule = DateSplit({"train": (first, latest.train_end), "valid": (latest.first, latest.last)}, window)
    remaining = replace(without_short_series(replace(dataset, rule=rule), window, MIN_DAYS), rule=dataset.rule)
    check_static(remaining, window)
    return remaining


def resumptions(dates: Dates, calendar: np.ndarray | None) -> NDArray[np.bool_]:
    """Return which days resume trade: their stock missed a session between them and its trade day before.

    Args:
        dates: trade days of one stock, ascending; a day on which one of its inputs has no value is missing.
        calendar: the exchange's sessions; None: no day is known to resume trade.
    """
    if calendar is None:
        return np.zeros(len(dates), bool)
    sessions = np.searchsorted(calendar, dates)
    resumed: NDArray[np.bool_] = np.diff(sessions, prepend=sessions[:1]) > 1
    return resumed


def fingerprint(frames: Sequence[Frame]) -> str:
    """Return a SHA-256 of all that the frames hold."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(repr((frame.name, frame.columns, frame.values.shape)).encode())
        digest.update(frame.dates.astype("datetime64[D]").astype("<i8").tobytes())
        digest.update(frame.values.astype("<f8").tobytes())
        if frame.static is not None:
            digest.update(frame.static.astype("<f4").tobytes())
    return digest.hexdigest()


def fit_period(market_data: MarketData, period: Period, task: Task | None) -> Arrays:
    """Return a network's weights and its ``forecast`` of a period; without a task, every baseline's forecast by name.

    There is no ``forecast`` of a period after the end of the data.
    """
    dataset = market_data.dataset(period)
    if task is None:
        lags = market_data.definition.model.window
        return {name: days["test"] for name, days in forecasts(dataset, market_data.window, lags, ("test",)).items()}
    return refit(task, dataset, "test" if dataset.days("test", market_data.window) else None)
