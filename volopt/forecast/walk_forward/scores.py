"""How good the forecasts of a walk are: by year, by instrument, and in all.

Everything is measured in squared log errors, as ``metrics.skill`` is. A day without a positive actual has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from volopt.baselines.forecasts import BASELINES
from volopt.comparison.statistics import diebold_mariano
from volopt.forecast import conformal
from volopt.forecast.walk_forward.run import WalkForwardForecasts
from volopt.metrics import Array

FEWEST_DAYS = 10  # of an instrument in a year, to have a score


@dataclass(frozen=True)
class Score:
    """Some days of a walk, scored; of a panel, means over its instruments."""

    days: int
    instruments: int
    log_r2: float
    skill: Mapping[str, float]  # over each baseline
    coverage: float  # the share of days with an interval that it held; NaN where none has one
    width: float  # of these intervals: the median of high over low


@dataclass(frozen=True)
class ScoredDays:
    """The days of a walk with their errors and intervals, shape (days,)."""

    walked: WalkForwardForecasts
    squared: Mapping[str, Array]  # log errors of ``forecast`` and of each baseline; NaN without a logarithm
    low: Array
    high: Array

    def score(self, chosen: np.ndarray) -> Score:
        """Return the score of some days."""
        found = [self._instrument(chosen & (self.walked.instrument == i)) for i in range(len(self.walked.names))]
        known = [each for each in found if each is not None]
        return Score(
            days=int(chosen.sum()),
            instruments=len(known),
            log_r2=_mean([each.log_r2 for each in known]),
            skill={name: _mean([each.skill[name] for each in known]) for name in BASELINES},
            coverage=self.coverage(chosen),
            width=self._width(chosen),
        )

    def p(self, baseline: str, chosen: np.ndarray) -> float:
        """Return how likely chance alone makes the errors of these days differ so from a baseline's.

        Diebold and Mariano's test, on the mean over the instruments of a day, which share the day's surprises.
        """
        difference = self.squared["forecast"] - self.squared[baseline]
        finite = chosen & np.isfinite(difference)
        days, day = np.unique(self.walked.dates[finite], return_inverse=True)
        if len(days) < FEWEST_DAYS:
            return float("nan")
        count = np.bincount(day)
        losses = [np.bincount(day, self.squared[name][finite]) / count for name in ("forecast", baseline)]
        return diebold_mariano(*losses).p

    def between(self, first: date, last: date) -> np.ndarray:
        """Return which days lie between two, both included."""
        dates = self.walked.dates
        return (dates >= np.datetime64(first)) & (dates <= np.datetime64(last))

    def _instrument(self, chosen: np.ndarray) -> Score | None:
        known = chosen & np.isfinite(self.squared["forecast"])
        if known.sum() < FEWEST_DAYS:
            return None
        log = np.log(self.walked.actual[known])
        total = {name: float(values[known].sum()) for name, values in self.squared.items()}
        return Score(
            days=int(known.sum()),
            instruments=1,
            log_r2=1 - total["forecast"] / float(np.sum((log - log.mean()) ** 2)),
            skill={name: 1 - total["forecast"] / total[name] for name in BASELINES},
            coverage=self.coverage(chosen),
            width=self._width(chosen),
        )

    def coverage(self, chosen: np.ndarray) -> float:
        """Return the share of the days with an interval that it held, NaN where none has one."""
        told = chosen & np.isfinite(self.low)
        held = (self.low <= self.walked.actual) & (self.walked.actual <= self.high)
        return float(held[told].mean()) if told.any() else float("nan")

    def _width(self, chosen: np.ndarray) -> float:
        told = chosen & np.isfinite(self.low) & (self.low > 0)
        return float(np.median(self.high[told] / self.low[told])) if told.any() else float("nan")


def rows(walked: WalkForwardForecasts, *, log: bool, coverage: float) -> ScoredDays:
    """Return the days of a walk with errors and intervals, each calibrated on the days before it.

    Args:
        walked: from its first day on.
        log: whether errors are relative, as with ``transform = "log"``.
        coverage: of the intervals.
    """
    error = conformal.error(walked.forecast, walked.actual, log=log)
    low, high = (np.full(error.shape, np.nan) for _ in range(2))
    for index in range(len(walked.names)):
        own = walked.instrument == index
        below, above = conformal.rolling(error[own], coverage)
        low[own] = conformal.moved(walked.forecast[own], below, log=log)
        high[own] = conformal.moved(walked.forecast[own], above, log=log)
    forecasts = {"forecast": walked.forecast, **walked.baselines}
    return ScoredDays(walked, {name: _squared(values, walked) for name, values in forecasts.items()}, low, high)


def _squared(forecast: Array, walked: WalkForwardForecasts) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = (np.log(np.maximum(forecast, walked.floor)) - np.log(walked.actual)) ** 2
    return np.where(np.isfinite(found), found, np.nan)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
