"""Draw the paper's figures 4 to 19: test forecasts and actual values, a small subplot for each grid point.

The subplots of a panel study show one instrument.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from volopt.definition.schema import Phase
from volopt.figures import colours, subplots, words
from volopt.figures.chart import Axis, Chart, Line, Mark, Subplot
from volopt.figures.forecast_series import ForecastSeries, forecast_series
from volopt.figures.scored_trials import scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.space import Params, point
from volopt.windows.split import Dates

MAX_COLUMNS, MAX_TICKS = 4, 3
MAX_REACH = 1.5  # the y axis ends this many ranges of the actual values below and above them
DECIMALS = 3  # digits relative to the height of the axis: the dashboard's database stores the figure
UNITS = ((1e9, "billions"), (1e6, "millions"), (1e3, "thousands"), (0.0, "original units"))


class GridPoint(NamedTuple):
    """Hold a point of a grid phase."""

    title: str
    cell: str
    number: int | None  # of its best COMPLETE trial
    series: ForecastSeries | None


class SharedAxis(NamedTuple):
    """Hold the y axis that all subplots share."""

    unit: float
    title: str
    range: tuple[float, float]
    cut: bool  # some forecasts lie outside


def chart(view: StudyView, instrument: str | None = None) -> Chart:
    """Return the subplots in the order of the phases, and within a phase cell by cell."""
    phases = [phase for phase in view.definition.phases if phase.is_grid]
    groups = [group for phase in phases for group in _by_cell(view, phase, instrument)]
    if not groups:
        raise NothingToPlotError(f"the study {view.name} has no grid phase", "forecast draws its best trial")
    scored_trials(view)
    points = list(itertools.chain(*groups))
    forecasts = {each.number: each.series for each in points if each.series}
    if not forecasts:
        raise NothingToPlotError(
            f"no point of the grids of {view.name} has a forecast yet", "finish its grid phases first"
        )
    example = next(iter(forecasts.values()))
    axis = _shared_axis(list(forecasts.values()), view.definition.data.target)
    columns = min(MAX_COLUMNS, max(map(len, groups)) if len(points) > len(groups) else len(points))
    of = f" of {example.part.instrument}" if view.is_panel else ""
    return Chart(
        f"Forecast and actual{of} on test at every point of the grid: {axis.title}",
        [
            _subplot(grid_point, axis, example, axis.title if i % columns == 0 else "")
            for i, grid_point in enumerate(points)
        ],
        notes=_notes(points, cut=axis.cut),
        columns=columns,
        row_height=250,
        facts={"dates": {number: series.dates.astype(str).tolist() for number, series in forecasts.items()}},
    )


def _by_cell(view: StudyView, phase: Phase, instrument: str | None) -> list[list[GridPoint]]:
    """Return the points of a grid phase by cell, in the order of the phase's lists."""
    groups: dict[str, list[GridPoint]] = {}
    for params in phase.points(view.definition):
        trial = view.by_point.get(point(params))
        cell = str((view.definition.defaults() | params)["cell"])
        file = view.file(trial) if trial else None
        series = forecast_series(file, instrument) if file else None
        groups.setdefault(cell, []).append(
            GridPoint(_title(phase, cell, params, series), cell, trial.number if trial else None, series)
        )
    return list(groups.values())


def _title(phase: Phase, cell: str, params: Params, series: ForecastSeries | None) -> str:
    title = f"{cell} {words.params({key: params[key] for key in phase.grid if key != 'cell'})}"
    if series is None:
        return f"{title} · not complete"
    return title + (f" · {series.flat} of {len(series.seeds)} flat" if series.flat else "")


def _shared_axis(forecasts: Sequence[ForecastSeries], target: str) -> SharedAxis:
    """Return the y axis; it cuts off far forecasts, which would compress all others."""
    actual = np.concatenate([series.actual for series in forecasts])
    values = np.concatenate([actual, *(series.seeds.ravel() for series in forecasts)])
    values = values[np.isfinite(values)]
    reach = MAX_REACH * (np.ptp(actual) or abs(actual[0]) or 1.0)
    low, high = max(values.min(), actual.min() - reach), min(values.max(), actual.max() + reach)
    size, name = next(unit for unit in UNITS if max(-low, high) >= unit[0])
    unit = size or 1.0
    margin = 0.03 * (high - low) or 0.03
    ends = float((low - margin) / unit), float((high + margin) / unit)
    return SharedAxis(unit, f"{target}, {name}", ends, bool(values.min() < low or values.max() > high))


def _subplot(grid_point: GridPoint, axis: SharedAxis, example: ForecastSeries, title: str) -> Subplot:
    """Return a subplot; a point without forecasts shows the actual values of ``example``."""
    series = grid_point.series or example
    days, actual = range(len(series.dates)), series.actual / axis.unit
    if grid_point.series is None:
        marks: list[Mark] = [Line(days, subplots.numbers(actual), "actual", colours.ACTUAL, width=1.2)]
    else:
        scaled = series._replace(actual=actual, seeds=series.seeds / axis.unit)
        marks = subplots.forecast_marks(scaled, grid_point.cell, days)
    decimals = DECIMALS - math.floor(math.log10(axis.range[1] - axis.range[0]))
    x = Axis("trade day", ticks=_month_ticks(series.dates), range=(-0.02 * len(days), 1.02 * len(days)))
    return Subplot(x, Axis(title, range=axis.range), [_rounded(mark, decimals) for mark in marks], grid_point.title)


def _month_ticks(days: Dates) -> list[tuple[float, str]]:
    """Return about ``MAX_TICKS`` first days of months."""
    months = days.astype("datetime64[M]")
    first_rows = [0, *(np.flatnonzero(np.diff(months).astype(int)) + 1).tolist()]
    return [(row, str(months[row])) for row in first_rows[:: math.ceil(len(first_rows) / MAX_TICKS)]]


def _rounded(mark: Any, decimals: int) -> Any:
    """Return a line or band with rounded values."""
    columns = {name: getattr(mark, name) for name in ("y", "low", "high") if hasattr(mark, name)}
    rounded = {
        name: [None if value is None else round(value, decimals) for value in values]
        for name, values in columns.items()
    }
    return replace(mark, **rounded)


def _notes(points: Sequence[GridPoint], *, cut: bool) -> list[str]:
    notes = []
    missing = sum(each.series is None for each in points)
    if any(each.series and each.series.flat for each in points):
        notes.append("Flat: seeds that forecast a flat line, with a standard deviation below 5 % of the actual one.")
    if missing:
        notes.append(f"Not complete: {missing} of {len(points)} subplots have no COMPLETE trial, or its file is gone.")
    if cut:
        notes.append("The axis cuts off forecasts that lie further out.")
    return notes
