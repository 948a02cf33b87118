"""Backtest a configuration: refit it on the past alone, forecast the next period, and walk forward over the years."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import NamedTuple

import numpy as np

from volopt.comparison.statistics import Estimate
from volopt.errors import DataError, UsageError
from volopt.forecast.configuration import Configuration, RefitSource
from volopt.forecast.walk_forward import run
from volopt.forecast.walk_forward.combine import MEMBERS, NETWORK
from volopt.forecast.walk_forward.periods import RefitFrequency, split_periods, year_before
from volopt.forecast.walk_forward.run import RefitContext
from volopt.forecast.walk_forward.scores import Score, ScoredDays, score_days


@dataclass(frozen=True)
class BacktestYear:
    """Hold the score of one year, and whether days of the year had a part in selecting the configuration."""

    year: int
    in_selection: bool
    score: Score


@dataclass(frozen=True)
class InstrumentBacktest:
    """Hold one instrument's scores by year, and its total: without the selection years if other years are left."""

    by_year: Mapping[int, Score]
    total: Score


class Optimism(NamedTuple):
    """Hold the skill over a baseline that the search promised, and what the walk gave on days without a part in it.

    Both are of the mean forecast over the seeds. The promise was made on the days that chose the configuration.
    """

    promised: float
    walked: float

    @property
    def optimism(self) -> float:
        """Return by how much the promise was too high."""
        return self.promised - self.walked


class ModelSkill(NamedTuple):
    """Hold the skill of the forecast or of a baseline over HAR: its mean over the instruments, and its parts."""

    name: str
    skill: float
    by_instrument: Mapping[str, float]
    by_year: Mapping[int, float]  # means over the instruments


@dataclass(frozen=True)
class Backtest:
    """Hold the forecasts of a configuration that is refitted on the past alone, and score them.

    ``days`` begins before ``first``: the earlier days only calibrate intervals. Masks have the shape (days,).
    """

    configuration: Configuration
    days: ScoredDays
    first: date
    last: date
    refit: RefitFrequency
    coverage: float  # the target of the intervals
    left_out: Mapping[str, str]  # instruments without any forecast, with the reason

    @cached_property
    def in_range(self) -> np.ndarray:
        """Return which days count: those from ``first`` to ``last``."""
        return self.days.between(self.first, self.last)

    @cached_property
    def outside_selection(self) -> np.ndarray:
        """Return which of these days lie in years without a part in selecting the configuration."""
        start, end = self.configuration.selection_days
        mask: np.ndarray = self.in_range & ~self.days.between(date(start.year, 1, 1), date(end.year, 12, 31))
        return mask

    @cached_property
    def years(self) -> list[BacktestYear]:
        """Return the years with a trade day."""
        start, end = self.configuration.selection_days
        scores = {year: self.days.score(self._in_year(year)) for year in range(self.first.year, self.last.year + 1)}
        scores = {year: score for year, score in scores.items() if score.days}
        return [BacktestYear(year, start.year <= year <= end.year, score) for year, score in scores.items()]

    @cached_property
    def total(self) -> Score:
        """Return the score of all days that count."""
        return self.days.score(self.in_range)

    @cached_property
    def total_outside_selection(self) -> Score | None:
        """Return the score without the selection years, or None if no other year is left."""
        return self.days.score(self.outside_selection) if self.outside_selection.any() else None

    @property
    def optimism(self) -> dict[str, Optimism]:
        """Return the optimism of the choice by baseline; nothing where no day lies outside the selection years."""
        walked = self.total_outside_selection.skill if self.total_outside_selection else {}
        promised = self.configuration.promised
        pairs = {name: (promised.get(name), skill) for name, skill in walked.items()}
        return {
            name: Optimism(promise, skill)
            for name, (promise, skill) in pairs.items()
            if promise is not None and np.isfinite(skill)
        }

    @cached_property
    def differences(self) -> dict[str, Estimate | None]:
        """Return the test against each baseline, without the selection years if other years are left."""
        return self.days.differences(self._deciding)

    @cached_property
    def models(self) -> list[ModelSkill]:
        """Return the skill of the forecast and of each baseline over HAR, the best first.

        As ``differences``, it leaves out the selection years if other years are left.
        """
        names, total = self.days.forecasts.names, self.days.skills("har", self._deciding)
        years = {row.year: self._deciding & self._in_year(row.year) for row in self.years}
        by_year = {year: self.days.skills("har", mask) for year, mask in years.items() if mask.any()}
        models = [
            ModelSkill(
                name,
                float(np.nanmean(skills)) if np.isfinite(skills).any() else np.nan,
                {each: float(skill) for each, skill in zip(names, skills, strict=True) if np.isfinite(skill)},
                {
                    year: float(np.nanmean(of_year[name]))
                    for year, of_year in by_year.items()
                    if np.isfinite(of_year[name]).any()
                },
            )
            for name, skills in total.items()
        ]
        return sorted(models, key=lambda model: -np.nan_to_num(model.skill, nan=-np.inf))

    @property
    def strongest_rival(self) -> str | None:
        """Return the best baseline on the days without a part in selecting the configuration; None without a score."""
        rivals = (each for each in self.models if each.name not in ("forecast", NETWORK) and np.isfinite(each.skill))
        return next((each.name for each in rivals), None)

    @property
    def weights(self) -> dict[str, float]:
        """Return the weights of a combination's members in the last period; none without a combination."""
        weights = self.days.forecasts.weights
        last = weights[max(weights)] if weights else np.empty(0)
        return dict(zip(MEMBERS, last.tolist(), strict=False))

    @property
    def resumed(self) -> int:
        """Return on how many days HAR forecasts, because a stock resumes trade after a suspension."""
        return int((self.days.forecasts.resumed & self.in_range).sum())

    @cached_property
    def by_instrument(self) -> dict[str, InstrumentBacktest]:
        """Return the scores of each instrument with a forecast."""
        scores = {}
        for index, name in enumerate(self.days.forecasts.names):
            own = self.days.forecasts.instrument == index
            if (own & self.in_range).any():
                by_year = {row.year: self.days.score(own & self._in_year(row.year)) for row in self.years}
                scores[name] = InstrumentBacktest(by_year, self.days.score(own & self._deciding))
        return scores

    @property
    def _deciding(self) -> np.ndarray:
        return self.outside_selection if self.total_outside_selection else self.in_range

    def _in_year(self, year: int) -> np.ndarray:
        return self.days.between(max(self.first, date(year, 1, 1)), min(self.last, date(year, 12, 31)))


def check_range(first: date, last: date | None) -> None:
    """Raise a UsageError if the last day to forecast lies before the first one."""
    if last and last < first:
        raise UsageError(f"--to {last} lies before --from {first}", "write the earlier day first")


def backtest(
    source: RefitSource, first: date, last: date | None, refit: RefitFrequency, coverage: float, context: RefitContext
) -> Backtest:
    """Walk a configuration forward.

    Args:
        source: the configuration and its data, from the first train day on.
        first: the first day to forecast.
        last: the last one; None for the end of the data.
        refit: how often to refit.
        coverage: of the intervals.
        context: what runs and stores the fits.

    Raises:
        DataError: there is too little to learn from, or no day to forecast.
        TrainingError: a fit failed.
    """
    configuration, market_data = source.configuration, source.market_data
    last = source.last_day(last)
    if last < first:
        raise DataError(f"the data end on {last}, before {first}", "write an earlier --from, or use newer data")
    train_start, _ = configuration.selection_days
    if first <= train_start:
        raise DataError(
            f"there is nothing to learn from before {first}: the study's train split begins on {train_start}",
            "write a later --from",
        )
    before = year_before(first)  # its errors calibrate the first intervals
    periods = [*([before] if market_data.has_enough_before(before) else []), *split_periods(first, last, refit)]
    tasks = configuration.tasks(context.device, context.precision)
    steps, datasets = run.plan_steps(market_data, periods, tasks)
    if not datasets.keys() - {before}:
        raise DataError(f"there is no trade day from {first} to {last}", "write another range")
    forecasts = run.join_forecasts(market_data, steps, datasets, run.fit_steps(steps, market_data, context))
    days = score_days(forecasts, log=configuration.definition.data.transform == "log", coverage=coverage)
    left_out = dict(source.panel.left_out)
    for index, name in enumerate(forecasts.names):
        if index not in forecasts.instrument:
            left_out[name] = f"{name} has too few days to learn from before any period"
    return Backtest(configuration, days, first, last, refit, coverage, left_out)
