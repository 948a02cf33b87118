"""One step of a walk forward: what is fitted on the days before a period forecasts the period.

Pure functions of a ``MarketData`` and of what is asked, for a process that trains. Nothing of the period itself, nor of
any later day, is in what is fitted: scaling, networks and baselines see the days up to ``Period.train_end``.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import numpy as np

from volopt.baselines.forecasts import forecasts
from volopt.data.frame import Frame
from volopt.definition.schema import Definition
from volopt.errors import DataError
from volopt.forecast.walk_forward.periods import Period, year_before
from volopt.training.refit import refit
from volopt.training.task import Arrays, Task
from volopt.windows.dataset import FEWEST, Dataset, assemble, check_series, with_enough
from volopt.windows.split import DateSplit

FEWEST_TRAIN = 100  # days to learn from, of a single instrument; a panel's have FEWEST


@dataclass(frozen=True)
class MarketData:
    """The frames of a study's instruments, from its first train day on."""

    frames: tuple[Frame, ...]
    definition: Definition
    window: int  # input days of the trial that is refitted

    def until(self, last: np.datetime64) -> tuple[Frame, ...]:
        """Return the frames up to a day, without those that begin later."""
        found = []
        for frame in self.frames:
            stop = int(np.searchsorted(frame.dates, last, side="right"))
            if stop:
                found.append(replace(frame, dates=frame.dates[:stop], values=frame.values[:stop]))
        return tuple(found)

    def reaches_before(self, period: Period) -> bool:
        """Return whether there is enough to learn from before a period."""
        try:
            self.dataset(period)
        except DataError:
            return False
        return True

    def dataset(self, period: Period) -> Dataset:
        """Return the days of a period as ``test``, those before it as ``train``, and no day after it.

        Raises:
            DataError: too few days lie before it, or cannot be scaled.
        """
        data = self.definition.data
        assert data.train is not None
        frames = self.until(np.datetime64(period.last))
        first, window = data.train[0], self.window
        rule = DateSplit({"train": (first, period.train_end), "test": (period.first, period.last)}, window)
        dataset = assemble(frames, self.definition, rule, fingerprint(frames))
        if data.instruments is not None:
            return _enough(dataset, first, period, window)
        days = len(dataset.rows("train", self.window, 0))
        if days < FEWEST_TRAIN:
            told = f"{dataset.series[0].name} has {days} days to learn from before {period.first}"
            raise DataError(f"{told}, fewer than {FEWEST_TRAIN}", "write a later --from or --until")
        check_series(dataset, 0, self.window)
        return dataset


def _enough(dataset: Dataset, first: date, period: Period, window: int) -> Dataset:
    """Return a panel with the instruments that a study would take whose valid split is the year before the period."""
    latest = year_before(period.first)
    rule = DateSplit({"train": (first, latest.train_end), "valid": (latest.first, latest.last)}, window)
    return replace(with_enough(replace(dataset, rule=rule), window, FEWEST), rule=dataset.rule)


def fingerprint(frames: Sequence[Frame]) -> str:
    """Return a hash of all that is in the frames."""
    digest = hashlib.sha256()
    for frame in frames:
        digest.update(repr((frame.name, frame.columns, frame.values.shape)).encode())
        digest.update(frame.dates.astype("datetime64[D]").astype("<i8").tobytes())
        digest.update(frame.values.astype("<f8").tobytes())
    return digest.hexdigest()


def work(market: MarketData, period: Period, task: Task | None) -> Arrays:
    """Return the weights of a network and its ``forecast`` of a period, or without a task every baseline's by name.

    Of a period that lies after the data there is no forecast.
    """
    dataset = market.dataset(period)
    if task is None:
        lags = market.definition.model.window
        return {name: days["test"] for name, days in forecasts(dataset, market.window, lags, ("test",)).items()}
    return refit(task, dataset, "test" if has_days(dataset, market.window) else None)


def has_days(dataset: Dataset, window: int) -> bool:
    """Return whether any series has a day to forecast."""
    return any(dataset.rows("test", window, index) for index in range(len(dataset.series)))
