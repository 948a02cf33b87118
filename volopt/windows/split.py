"""Which day is a target of which split, given the window.

A split is a set of target days. Splits are chronological; the inputs of a window may reach back into the split before,
never forward.
"""

from collections.abc import Mapping
from datetime import date
from typing import Literal, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "valid", "test"]
SPLITS: tuple[Split, ...] = ("train", "valid", "test")
Dates = NDArray[np.datetime64]


class SplitRule(Protocol):
    """Cuts the rows of one series (0 … days-1) into target rows."""

    @property
    def splits(self) -> tuple[Split, ...]:
        """Return the splits that there are, in order."""

    def targets(self, split: Split, dates: Dates, window: int, series: int) -> range:
        """Return the rows of ``split`` in series number ``series`` that are targets of a window of ``window`` days."""

    def fitted_on(self, dates: Dates, window: int, series: int) -> range:
        """Return the rows that scaling may see."""

    def window_of(self, split: Split, window: int) -> int:
        """Return the window a split is scored with."""


class DateSplit(NamedTuple):
    """Splits by the target's date; train leaves out its first ``max_window`` days in every trial."""

    spans: Mapping[Split, tuple[date, date]]  # inclusive
    max_window: int  # the largest window any trial of the study may have

    @property
    def splits(self) -> tuple[Split, ...]:
        """Return the splits that have a span."""
        return tuple(self.spans)

    def targets(self, split: Split, dates: Dates, window: int, series: int) -> range:
        """Return the rows dated inside the split that have enough days before them."""
        rows = self._rows(split, dates)
        earliest = self.max_window if split == "train" else window
        return range(max(rows.start, earliest), rows.stop)

    def fitted_on(self, dates: Dates, window: int, series: int) -> range:
        """Return every row of train."""
        return self._rows("train", dates)

    def window_of(self, split: Split, window: int) -> int:
        """Return the trial's window for every split."""
        return window

    def _rows(self, split: Split, dates: Dates) -> range:
        first, last = (np.datetime64(day, "D") for day in self.spans[split])
        return range(int(np.searchsorted(dates, first)), int(np.searchsorted(dates, last, side="right")))


class PublishedSplit(NamedTuple):
    """The notebooks' way: the first file cut by a fraction of its windows, the second file is the test.

    The split therefore moves with the window. ``scale_each_file`` lets scaling see the validation days, and the test
    year by itself: a leak, kept to reproduce the figures.
    """

    train_fraction: float
    drop_last_window: bool
    test_window: int
    scale_each_file: bool

    @property
    def splits(self) -> tuple[Split, ...]:
        """Return all three."""
        return SPLITS

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
        """Return the whole file, or its train days."""
        if self.scale_each_file:
            return range(len(dates))
        return range(self.targets("train", dates, window, series).stop)

    def window_of(self, split: Split, window: int) -> int:
        """Return ``test_window`` for the test, whatever the training used."""
        return self.test_window if split == "test" else window
