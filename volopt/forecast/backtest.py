"""``volopt backtest`` as a plain function: the configuration of a study walked forward over past years."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from volopt.data.panel import Panel
from volopt.errors import DataError
from volopt.forecast.configuration import Configuration
from volopt.forecast.walk_forward import run, scores
from volopt.forecast.walk_forward.periods import Period, Refit, periods, year_before
from volopt.forecast.walk_forward.run import RefitContext
from volopt.forecast.walk_forward.scores import Score, ScoredDays
from volopt.forecast.walk_forward.step import MarketData


@dataclass(frozen=True)
class BacktestYear:
    """One year of a backtest; ``seen`` says that days of it had a part in choosing the configuration."""

    year: int
    seen: bool
    score: Score


@dataclass(frozen=True)
class InstrumentBacktest:
    """One instrument of a backtest; ``total`` is of the years that are not seen, or of all where all are."""

    by_year: Mapping[int, Score]
    total: Score


@dataclass(frozen=True)
class Backtest:
    """What a configuration would have done, fitted again and again on the past alone."""

    choice: Configuration
    first: date
    last: date  # of the days forecast
    refit: Refit
    coverage: float  # asked for
    years: Sequence[BacktestYear]
    total: Score
    unseen: Score | None  # without the years that are seen; None where that leaves none
    p: Mapping[str, float]  # of the test of total against each baseline
    p_unseen: Mapping[str, float]
    by_instrument: Mapping[str, InstrumentBacktest]
    left_out: Mapping[str, str]  # instruments that no period could be fitted on
    rows: ScoredDays
    chosen: np.ndarray  # the rows from ``first`` on: those before only calibrate


def backtest(
    choice: Configuration,
    panel: Panel,
    first: date,
    last: date | None,
    refit: Refit,
    coverage: float,
    shop: RefitContext,
) -> Backtest:
    """Walk a configuration forward.

    Args:
        choice: what is refitted.
        panel: its data, from its first train day on.
        first: the first day to forecast.
        last: the last one; None for the data's own.
        refit: how often.
        coverage: of the intervals.
        shop: what fits are made with.

    Raises:
        DataError: there is too little to learn from, or no day to forecast.
        TrainingError: a fit failed.
    """
    market = MarketData(tuple(panel.frames), choice.definition, choice.window)
    newest: date = max(frame.dates[-1] for frame in panel.frames).item()
    last = min(last or newest, newest)
    if last < first:
        raise DataError(f"the data end on {newest}, before {first}", "write an earlier --from, or use newer data")
    begins, _ = choice.chosen_on
    if first <= begins:
        raise DataError(
            f"nothing is learned before {first}: train of the study begins on {begins}", "write a later --from"
        )
    spans = _periods(market, first, last, refit)
    asked, datasets = run.steps(market, spans, choice.tasks(shop.device, shop.precision))
    walked = run.join(market, asked, datasets, run.take(asked, market, shop))
    rows = scores.rows(walked, log=choice.definition.data.transform == "log", coverage=coverage)
    return scored(choice, rows, first, last, refit, coverage, _left_out(panel, walked))


def _periods(market: MarketData, first: date, last: date, refit: Refit) -> list[Period]:
    """Return the periods, and before them the year that calibrates, where there is enough to learn from before it."""
    before = year_before(first)
    return [*([before] if market.reaches_before(before) else []), *periods(first, last, refit)]


def _left_out(panel: Panel, walked: run.WalkForwardForecasts) -> dict[str, str]:
    forecast = {walked.names[index] for index in np.unique(walked.instrument)}
    never = [name for name in walked.names if name not in forecast]
    return {**panel.left_out, **{name: f"{name} has too few days to learn from before any period" for name in never}}


def scored(
    choice: Configuration,
    rows: ScoredDays,
    first: date,
    last: date,
    refit: Refit,
    coverage: float,
    left_out: Mapping[str, str],
) -> Backtest:
    """Return a backtest of what was walked: its years, totals and instruments.

    Args:
        choice: what was refitted.
        rows: of the walk, with the days before ``first`` that calibrated.
        first: the first day that counts.
        last: the last one.
        refit: how often it was.
        coverage: asked for.
        left_out: instruments, with the reason.

    Raises:
        DataError: no day lies in the range.
    """
    chosen = rows.between(first, last)
    if not chosen.any():
        raise DataError(f"there is no trade day from {first} to {last}", "write another range")
    years = [_year(choice, rows, year, chosen) for year in range(first.year, last.year + 1)]
    years = [year for year in years if year.score.days]
    unseen = chosen & ~np.logical_or.reduce([_in(rows, year.year) for year in years if year.seen] or [~chosen])
    total = rows.score(chosen)
    return Backtest(
        choice=choice,
        first=first,
        last=last,
        refit=refit,
        coverage=coverage,
        years=years,
        total=total,
        unseen=rows.score(unseen) if unseen.any() else None,
        p={name: rows.p(name, chosen) for name in total.skill},
        p_unseen={name: rows.p(name, unseen) for name in total.skill},
        by_instrument=_by_instrument(rows, years, unseen if unseen.any() else chosen, chosen),
        left_out=left_out,
        rows=rows,
        chosen=chosen,
    )


def _year(choice: Configuration, rows: ScoredDays, year: int, chosen: np.ndarray) -> BacktestYear:
    start, end = choice.chosen_on
    return BacktestYear(year, start.year <= year <= end.year, rows.score(chosen & _in(rows, year)))


def _in(rows: ScoredDays, year: int) -> np.ndarray:
    return rows.between(date(year, 1, 1), date(year, 12, 31))


def _by_instrument(
    rows: ScoredDays, years: Sequence[BacktestYear], total: np.ndarray, chosen: np.ndarray
) -> dict[str, InstrumentBacktest]:
    found = {}
    for index, name in enumerate(rows.walked.names):
        own = chosen & (rows.walked.instrument == index)
        if own.any():
            by_year = {each.year: rows.score(own & _in(rows, each.year)) for each in years}
            found[name] = InstrumentBacktest(by_year, rows.score(own & total))
    return found
