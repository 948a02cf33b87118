"""Decide which day is a target of which split, given the window.

A split is a set of target days. Splits are chronological. The inputs of a window may reach back into the split before,
never forward.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
Dates = NDArray[np.datetime64]
DAY = timedelta(days=1)


class Period(NamedTuple):
    """Hold the first and last day, both included, that one fit on all earlier days forecasts."""

    first: date
    last: date

    @property
    def train_end(self) -> date:
        """Return the last day that the fit may learn from."""
        return self.first - DAY


class DateSplit(NamedTuple):
    """Split by the target's date. Train leaves out its first ``max_window`` days in every trial."""

    spans: Mapping[Split, tuple[date, date]]  # both ends included
    max_window: int  # the largest window that a trial of the study may have

    @property
    def recipe(self) -> str:
        """Return the rule as a text in the keys of stored fits; it must not change."""
        return f"ByDate(spans={self.spans!r}, max_window={self.max_window!r})"

    def targets(self, split: Split, dates: Dates, window: int, series: int) -> range:
        """Return the rows of a series that are dated inside the split and have enough days before them."""
        rows = self._rows(split, dates)
        earliest = self.max_window if split == "train" else window
        return range(max(rows.start, earliest), rows.stop)

    def fitted_on(self, dates: Dates, window: int, series: int) -> range:
        """Return all rows of train, which scaling may use."""
        return self._rows("train", dates)

    def window_of(self, split: Split, window: int) -> int:
        """Return the window with which a split is scored: the trial's."""
        return window

    def _rows(self, split: Split, dates: Dates) -> range:
        first, last = (np.datetime64(day, "D") for day in self.spans[split])
        return range(int(np.searchsorted(dates, first)), int(np.searchsorted(dates, last, side="right")))


class PublishedSplit(NamedTuple):
    """Split as the notebooks do: the first file by a fraction of its windows; the second file is the test.

    The split therefore moves with the window. With ``scale_each_file`` scaling uses the validation days, and the test
    year by itself: a leak, kept to reproduce the figures.
    """

    train_fraction: float
    drop_last_window: bool
    test_window: int
    scale_each_file: bool

    @property
    def recipe(self) -> str:
        """Return the rule as a text in the keys of stored fits; it must not change."""
        values = ", ".join(f"{name}={value!r}" for name, value in self._asdict().items())
        return f"AsPublished({values})"

    def targets(self, split: Split, dates: Dates, window: int, series: int) -> range:
        """Return train and valid rows of series 0, test rows of series 1."""
        if (series == 1) != (split == "test"):
            return range(0)
        rows = range(window, len(dates) - self.drop_last_window)
        if split == "test":
            return rows
        cut = len(rows) - int((1 - self.train_fraction) * len(rows) + 1e-9)
        return rows[:cut] if split == "train" else rows[cut:]

    def fitted_on(self, dates: Dates, window: int, series: int) -> range:
        """Return the rows that scaling may use: the whole file, or its train days."""
        if self.scale_each_file:
            return range(len(dates))
        return range(self.targets("train", dates, window, series).stop)

    def window_of(self, split: Split, window: int) -> int:
        """Return the window with which a split is scored: ``test_window`` for the test, the trial's for the others."""
        return self.test_window if split == "test" else window


SplitRule = DateSplit | PublishedSplit
