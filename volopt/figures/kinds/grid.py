"""The paper's figures 4 to 19: forecast against actual on test, a small panel for each point of the grid phases.

Of a panel study they show one instrument.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from volopt.definition.schema import Phase
from volopt.figures import colours, panels, words
from volopt.figures.chart import Axis, Chart, Line, Mark, Subplot
from volopt.figures.points import scored
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.figures.trial_series import ForecastSeries, TrialSeries, of_artifact
from volopt.studies.space import Params, point
from volopt.windows.split import Dates

COLUMNS, TICKS = 4, 3
REACH = 1.5  # times its range that forecasts are shown on either side of the actual
DECIMALS = 3  # of the height of the axis that are kept: the dashboard's database holds the figure
SCALES = ((1e9, "billions"), (1e6, "millions"), (1e3, "thousands"))


class GridPoint(NamedTuple):
    """A point of a grid phase."""

    title: str
    cell: str
    number: int | None  # of its COMPLETE trial
    traces: TrialSeries | None


class SharedAxes(NamedTuple):
    """What all panels share."""

    unit: float
    unit_name: str
    range: tuple[float, float]  # of the y axis
    example: ForecastSeries  # whose actual stands where a point has no forecast


def chart(subject: StudyView, instrument: str | None = None) -> Chart:
    """Return the panels in the order of the phases: cell by cell, and in it by the values that vary."""
    groups = [group for phase in subject.definition.phases for group in _groups(subject, phase, instrument)]
    if not groups:
        raise NothingToPlotError(f"the study {subject.name} has no grid phase", "forecast draws its best trial")
    scored(subject)
    places = list(itertools.chain(*groups))
    known = [place.traces.forecasts for place in places if place.traces and place.traces.forecasts]
    if not known:
        raise NothingToPlotError(
            f"no point of the grids of {subject.name} has a forecast yet", "finish its grid phases first"
        )
    frame, cut = _frame(known)
    columns = min(COLUMNS, max(map(len, groups)) if len(places) > len(groups) else len(places))
    target = f"{subject.definition.data.target}, {frame.unit_name}"
    of = f" of {_instrument(places)}" if subject.is_panel else ""
    drawn = [_panel(place, frame, target if i % columns == 0 else "") for i, place in enumerate(places)]
    return Chart(
        f"Forecast and actual{of} on test at every point of the grid: {target}",
        drawn,
        subject.about,
        (*subject.notes, *_notes(places, cut=cut)),
        columns,
        row_height=250,
        facts={
            "dates": {
                place.number: place.traces.forecasts.dates.astype(str).tolist()
                for place in places
                if place.traces and place.traces.forecasts
            }
        },
    )


def _instrument(places: Sequence[GridPoint]) -> str:
    return next(place.traces.share.instrument for place in places if place.traces and place.traces.forecasts)


def _groups(subject: StudyView, phase: Phase, instrument: str | None) -> list[list[GridPoint]]:
    """Return the places of a grid phase by cell, in the order of the phase's lists; none for another sampler."""
    if phase.sampler != "grid":
        return []
    groups: dict[str, list[GridPoint]] = {}
    for params in phase.points(subject.definition):
        trial = subject.by_point.get(point(params))
        cell = str((subject.definition.baseline() | params)["cell"])
        file = subject.left(trial) if trial else None
        left = of_artifact(file, instrument) if file else None
        place = GridPoint(_title(phase, cell, params, left), cell, trial.number if trial else None, left)
        groups.setdefault(cell, []).append(place)
    return list(groups.values())


def _title(phase: Phase, cell: str, params: Params, left: TrialSeries | None) -> str:
    others = words.params({key: params[key] for key in phase.grid if key != "cell"})
    if left is None or left.forecasts is None:
        return f"{cell} {others} · not complete"
    return f"{cell} {others}" + (f" · {left.flat} of {len(left.forecasts.seeds)} flat" if left.flat else "")


def _frame(known: Sequence[ForecastSeries]) -> tuple[SharedAxes, bool]:
    """Return what the panels share, and whether forecasts reach out of it: far out, they would press all else flat."""
    actual = np.concatenate([each.actual for each in known])
    every = np.concatenate([actual, *(each.seeds.ravel() for each in known)])
    every = every[np.isfinite(every)]
    room = REACH * (np.ptp(actual) or abs(actual[0]) or 1.0)
    low, high = max(every.min(), actual.min() - room), min(every.max(), actual.max() + room)
    unit, name = next((scale for scale in SCALES if max(-low, high) >= scale[0]), (1.0, "original units"))
    margin = 0.03 * (high - low) or 0.03
    ends = float((low - margin) / unit), float((high + margin) / unit)
    return SharedAxes(unit, name, ends, known[0]), bool(every.min() < low or every.max() > high)


def _panel(place: GridPoint, frame: SharedAxes, target: str) -> Subplot:
    found = place.traces.forecasts if place.traces else None
    days = (found or frame.example).dates
    if found is None:
        actual = panels.numbers(frame.example.actual / frame.unit)
        marks: list[Mark] = [Line(range(len(days)), actual, "actual", colours.ACTUAL, width=1.2)]
    else:
        scaled = ForecastSeries(days, found.actual / frame.unit, found.seeds / frame.unit)
        marks = panels.forecast_marks(scaled, place.cell, range(len(days)))
    decimals = DECIMALS - math.floor(math.log10(frame.range[1] - frame.range[0]))
    x = Axis("trade day", ticks=_ticks(days), range=(-0.02 * len(days), 1.02 * len(days)))
    return Subplot(x, Axis(target, range=frame.range), [_rounded(mark, decimals) for mark in marks], place.title)


def _ticks(days: Dates) -> list[tuple[float, str]]:
    """Return about ``TICKS`` days on which a month begins."""
    months = days.astype("datetime64[M]")
    begins = [0, *(np.flatnonzero(np.diff(months).astype(int)) + 1).tolist()]
    return [(row, str(months[row])) for row in begins[:: math.ceil(len(begins) / TICKS)]]


def _rounded(mark: Any, decimals: int) -> Any:
    """Return a line or band with rounded quantities."""
    rows = {name: getattr(mark, name) for name in ("y", "low", "high") if hasattr(mark, name)}
    kept = {name: [None if at is None else round(at, decimals) for at in row] for name, row in rows.items()}
    return replace(mark, **kept)


def _notes(places: Sequence[GridPoint], *, cut: bool) -> list[str]:
    notes = []
    absent = sum(place.traces is None or place.traces.forecasts is None for place in places)
    if any(place.traces and place.traces.flat for place in places):
        notes.append("Flat: seeds whose forecast is a flat line, its standard deviation under 5 % of the actual one's.")
    if absent:
        notes.append(f"Not complete: {absent} of {len(places)} panels have no COMPLETE trial, or its file is gone.")
    if cut:
        notes.append("Forecasts further out than the axis are cut off.")
    return notes
