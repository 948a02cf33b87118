"""Draw a backtest: skill by year, error saved over time, and instruments or the latest intervals."""

from itertools import cycle

import numpy as np

from volopt.figures import colours, words
from volopt.figures.chart import (
    SYMBOLS,
    Axis,
    Band,
    Cells,
    Chart,
    ColourScale,
    Line,
    Mark,
    Points,
    ReferenceLine,
    Subplot,
)
from volopt.figures.subplots import numbers
from volopt.forecast.backtest import Backtest

BASELINE = "har"  # to which instruments are compared
MAX_INTERVAL_DAYS = 120  # days of a single instrument that are drawn with their interval


def chart(backtest: Backtest, *, synthetic: bool) -> Chart:
    """Return the figure of a backtest."""
    several = len(backtest.by_instrument) > 1
    third = _by_instrument(backtest) if several else _latest_days(backtest)
    configuration, data = backtest.configuration, backtest.configuration.definition.data
    return Chart(
        f"Backtest of {configuration.study}, trial {configuration.trial}",
        [_by_year(backtest), _saved_error(backtest), third],
        f"{data.subject} {data.target}, {backtest.first} to {backtest.last}, "
        f"refitted {'once' if backtest.refit == 'never' else f'each {backtest.refit}'}",
        [*words.data_warnings(synthetic=synthetic), *_notes(backtest)],
        scale=_scale(backtest) if several else None,
        row_height=max(340, 30 * len(backtest.by_instrument)),  # room for each name
        legend_above=True,
    )


def _year_labels(backtest: Backtest) -> list[str]:
    return [f"{year.year}*" if year.in_selection else str(year.year) for year in backtest.years]


def _by_year(backtest: Backtest) -> Subplot:
    years = _year_labels(backtest)
    marks: list[Mark] = [ReferenceLine(0.0, colour=colours.ACTUAL)]
    for name, symbol in zip(backtest.days.forecasts.baselines, cycle(SYMBOLS), strict=False):
        colour = colours.RIVALS[name]
        skills = numbers(np.array([year.score.skill[name] for year in backtest.years]))
        hover = ["" if skill is None else f"over {name}: {skill:.3g}" for skill in skills]
        marks += [Line(years, skills, name, colour), Points(years, skills, "", colour, hover=hover, symbol=symbol)]
    title = "Error reduction against each baseline: skill, 1 − the ratio of squared log errors"
    return Subplot(Axis("year", "category", names=years), Axis("skill"), marks, title)


def _saved_error(backtest: Backtest) -> Subplot:
    errors, dates = backtest.days.squared_log_errors, backtest.days.forecasts.dates
    marks: list[Mark] = [ReferenceLine(0.0, colour=colours.ACTUAL)]
    for name in backtest.days.forecasts.baselines:
        saved = errors[name] - errors["forecast"]
        scored = backtest.in_range & np.isfinite(saved)
        days, day = np.unique(dates[scored], return_inverse=True)
        total = np.cumsum(np.bincount(day, saved[scored]) / np.bincount(day))
        marks.append(Line(days.astype(str).tolist(), total.tolist(), name, colours.RIVALS[name], width=1.2))
    title = "Squared log error saved so far: where a line rises, the forecast does better"
    return Subplot(Axis("trade day", "date"), Axis("sum over days"), marks, title)


def _by_instrument(backtest: Backtest) -> Subplot:
    columns = [*_year_labels(backtest), "total"]
    names = list(backtest.by_instrument)[::-1]  # the first one on top
    rows = [
        numbers(np.array([score.skill[BASELINE] for score in (*each.by_year.values(), each.total)]))
        for each in (backtest.by_instrument[name] for name in names)
    ]
    axes = Axis("year", "category", names=columns), Axis("", "category", names=names)
    return Subplot(*axes, [Cells(columns, names, rows)], f"Skill over {BASELINE} by instrument")


def _latest_days(backtest: Backtest) -> Subplot:
    days, forecasts = backtest.days, backtest.days.forecasts
    latest = np.flatnonzero(backtest.in_range)[-MAX_INTERVAL_DAYS:]
    dates, low, high = forecasts.dates[latest].astype(str), days.low[latest], days.high[latest]
    marks: list[Mark] = [
        Line(dates.tolist(), forecasts.actual[latest].tolist(), "actual", colours.ACTUAL),
        Line(dates.tolist(), forecasts.forecast[latest].tolist(), "forecast", colours.BLUE),
    ]
    if (known := np.isfinite(low)).any():
        edges = dates[known].tolist(), low[known].tolist(), high[known].tolist()
        marks.insert(0, Band(*edges, f"{backtest.coverage:.0%} interval", colours.BLUE))
    title = f"The last {len(latest)} days, without an interval: too few earlier errors"
    coverage = days.coverage(np.isin(np.arange(len(backtest.in_range)), latest))
    if np.isfinite(coverage):
        title = f"The last {len(latest)} days: the interval covers {coverage:.0%}"
    target = words.quantity_title(backtest.configuration.definition.data.target)
    return Subplot(Axis("trade day", "date"), Axis(target), marks, title)


def _scale(backtest: Backtest) -> ColourScale:
    scores = [score for each in backtest.by_instrument.values() for score in (*each.by_year.values(), each.total)]
    skills = np.abs([score.skill[BASELINE] for score in scores])
    reach = float(np.nanmax(skills)) if np.isfinite(skills).any() else 1.0
    return ColourScale(f"skill over {BASELINE}", -reach, reach)


def _notes(backtest: Backtest) -> list[str]:
    coverage = backtest.total.coverage
    notes = [f"Coverage: {coverage:.1%} of all days (target {backtest.coverage:.0%})."] if np.isfinite(coverage) else []
    if any(year.in_selection for year in backtest.years):
        start, end = backtest.configuration.selection_days
        notes.append(f"* used to select the configuration ({start} to {end}): these scores are too optimistic.")
    return notes
