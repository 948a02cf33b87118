"""Score the forecasts of a walk forward: by year, by instrument and in total.

Scores use squared log errors, as ``metrics.skill`` does. A day without a positive actual value has none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from volopt import metrics
from volopt.comparison.statistics import Estimate, diebold_mariano
from volopt.forecast import conformal
from volopt.forecast.walk_forward.run import WalkForwardForecasts
from volopt.metrics import Array

MIN_DAYS = 10  # with fewer there is no score


@dataclass(frozen=True)
class Score:
    """Hold the scores of some days of a walk forward; ``log_r2`` and ``skill`` are means over the instruments."""

    days: int
    instruments: int
    log_r2: float
    skill: Mapping[str, float]  # over each baseline
    coverage: float  # share of the intervals with the actual value inside; NaN without intervals
    width: float  # the median of high / low over the intervals


@dataclass(frozen=True)
class ScoredDays:
    """Hold the days of a walk forward with their errors and intervals; arrays have the shape (days,).

    A ``mask``, bool of the same shape, selects the days that a method scores.
    """

    forecasts: WalkForwardForecasts
    errors: Array  # of the forecast, as ``conformal.forecast_errors``
    squared_log_errors: Mapping[str, Array]  # of ``forecast`` and of each baseline; NaN without a logarithm
    low: Array
    high: Array

    def score(self, mask: np.ndarray) -> Score:
        """Return the score of some days."""
        masks = (mask & (self.forecasts.instrument == index) for index in range(len(self.forecasts.names)))
        rows = [row for own in masks if (row := self._log_scores(own))]
        names = "log_r2", *self.forecasts.baselines
        means = {name: float(np.mean([row[name] for row in rows])) if rows else np.nan for name in names}
        positive = mask & np.isfinite(self.low) & (self.low > 0)
        return Score(
            days=int(mask.sum()),
            instruments=len(rows),
            log_r2=means.pop("log_r2"),
            skill=means,
            coverage=self.coverage(mask),
            width=float(np.median(self.high[positive] / self.low[positive])) if positive.any() else np.nan,
        )

    def skills(self, over: str, mask: np.ndarray) -> dict[str, Array]:
        """Return the skill of the forecast and of each baseline over one of them, by instrument.

        Args:
            over: the name of a baseline.
            mask: of the days to score.

        Returns:
            By name, ``forecast`` first, shape (instruments,); NaN with fewer than ``MIN_DAYS`` days.
        """
        known = mask & np.isfinite(list(self.squared_log_errors.values())).all(axis=0)
        instrument, count = self.forecasts.instrument[known], len(self.forecasts.names)
        enough = np.bincount(instrument, minlength=count) >= MIN_DAYS
        sums = {
            name: np.where(enough, np.bincount(instrument, values[known], count), np.nan)
            for name, values in self.squared_log_errors.items()
        }
        with np.errstate(divide="ignore", invalid="ignore"):
            return {name: 1 - values / sums[over] for name, values in sums.items()}

    def differences(self, mask: np.ndarray) -> dict[str, Estimate | None]:
        """Return Diebold and Mariano's test against each baseline; None below ``MIN_DAYS`` days.

        The effect is the forecast's mean squared log error relative to the baseline's: -0.03 is 3 % less. The test
        compares a day's mean errors over the instruments, because instruments share the surprises of a day.
        """
        return {name: self._difference(name, mask) for name in self.forecasts.baselines}

    def between(self, first: date, last: date) -> np.ndarray:
        """Return the mask of the days from ``first`` to ``last``, both included."""
        dates = self.forecasts.dates
        return (dates >= np.datetime64(first)) & (dates <= np.datetime64(last))

    def coverage(self, mask: np.ndarray) -> float:
        """Return the share of the intervals of some days with the actual value inside, NaN without intervals."""
        return conformal.measure_coverage(self.low[mask], self.forecasts.actual[mask], self.high[mask])[0]

    def _log_scores(self, mask: np.ndarray) -> dict[str, float]:
        """Return log R² and the skill over each baseline, or nothing with fewer than ``MIN_DAYS`` days."""
        known = mask & np.isfinite(self.squared_log_errors["forecast"])
        if known.sum() < MIN_DAYS:
            return {}
        log = np.log(self.forecasts.actual[known])
        errors = {name: float(values[known].sum()) for name, values in self.squared_log_errors.items()}
        own, total = errors.pop("forecast"), float(np.sum((log - log.mean()) ** 2))
        return {name: metrics.skill(own, other) for name, other in {"log_r2": total, **errors}.items()}

    def _difference(self, baseline: str, mask: np.ndarray) -> Estimate | None:
        pair = [self.squared_log_errors[name] for name in ("forecast", baseline)]
        known = mask & np.isfinite(pair[0]) & np.isfinite(pair[1])
        days, day = np.unique(self.forecasts.dates[known], return_inverse=True)
        if len(days) < MIN_DAYS:
            return None
        losses = [np.bincount(day, values[known]) / np.bincount(day) for values in pair]
        return diebold_mariano(*losses).relative_to(float(losses[1].mean()))


def score_days(forecasts: WalkForwardForecasts, *, log: bool, coverage: float) -> ScoredDays:
    """Return the days of a walk forward with errors and intervals, each calibrated on the days before it.

    Args:
        forecasts: from the first day on.
        log: whether errors are relative, as with ``transform = "log"``.
        coverage: of the intervals.
    """
    errors = conformal.forecast_errors(forecasts.forecast, forecasts.actual, log=log)
    low, high = np.full((2, len(errors)), np.nan)
    for index in range(len(forecasts.names)):
        own = forecasts.instrument == index
        quantiles = conformal.rolling_quantiles(errors[own], coverage)
        low[own], high[own] = (conformal.interval_end(forecasts.forecast[own], each, log=log) for each in quantiles)
    by_name = {"forecast": forecasts.forecast, **forecasts.baselines}
    squared = {name: _squared_log_errors(forecast, forecasts) for name, forecast in by_name.items()}
    return ScoredDays(forecasts, errors, squared, low, high)


def _squared_log_errors(forecast: Array, forecasts: WalkForwardForecasts) -> Array:
    with np.errstate(divide="ignore", invalid="ignore"):
        squared: Array = (np.log(np.maximum(forecast, forecasts.floor)) - np.log(forecasts.actual)) ** 2
    return np.where(np.isfinite(squared), squared, np.nan)
