"""The error by each number that a grid phase varies: the mean over seeds with its interval, and every seed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from volopt.comparison.statistics import paired
from volopt.definition.schema import Phase, Scalar
from volopt.figures import colours, words
from volopt.figures.chart import Axis, Chart, Intervals, Mark, Points, Subplot
from volopt.figures.points import baseline_rule, scored
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies import listing
from volopt.studies.space import point

PALE = 0.55  # of white in the colour of single seeds
APART = 0.03  # of the axis between series at one value
INTERVAL = "Bars are 95 % intervals of the mean over seeds (BCa bootstrap); of few seeds they are rough."


class GridSlice(NamedTuple):
    """The points of a grid that differ in one key alone, with the metric of each seed."""

    name: str
    colour: str
    seeds: dict[Scalar, list[float]]  # by the value of the key; none where it has no COMPLETE trial


def chart(subject: StudyView) -> Chart:
    """Return a row of panels for each key: the objective's metric, and beside it the same of the test split."""
    phases = [phase for phase in subject.definition.phases if phase.sampler == "grid"]
    if not phases:
        raise NothingToPlotError(f"the study {subject.name} has no grid phase", "slice draws the value by parameter")
    scored(subject)
    metric = subject.definition.objective.metric
    metrics = (metric, metric.replace("valid_", "test_"))
    rows = [(phase, key) for phase in phases for key in _keys(phase)]
    drawn = [_panel(subject, phase, key, name) for phase, key in rows for name in metrics]
    if not any(panel.marks for panel in drawn):
        raise NothingToPlotError(f"no point of the grids of {subject.name} is COMPLETE", "finish its grid phases first")
    chose_nothing = f"The test split chose nothing; {metric} is what trials are judged by."
    return Chart(
        f"{metric} by {' and '.join(dict.fromkeys(key for _, key in rows))}",
        drawn,
        subject.about,
        (*subject.notes, INTERVAL, chose_nothing, *_missing(subject, phases)),
        columns=2,
        row_height=340,
    )


def _keys(phase: Phase) -> list[str]:
    """Return the keys that get a panel: the cells are series in the panels of the others, where there are others."""
    several = [key for key, values in phase.grid.items() if len(values) > 1]
    return [key for key in several if key != "cell"] or several or list(phase.grid)[:1]


def _panel(subject: StudyView, phase: Phase, key: str, metric: str) -> Subplot:
    every = _series(subject, phase, key, metric)
    found = [score for series in every for row in series.seeds.values() for score in row]
    x, places = _axis(key, phase.grid[key])
    marks: list[Mark] = []
    for number, series in enumerate(every):
        shift = APART * (number - (len(every) - 1) / 2)
        marks += _marks(series, [_shifted(places[value], shift, x) for value in series.seeds])
    rule = baseline_rule(subject, metric)
    if marks and rule:
        marks.append(rule)
    log = bool(found) and "log_r2" not in metric and min(found) > 0
    return Subplot(x, Axis(words.metric(metric), "log" if log else "number"), marks, f"{phase.name}: {metric}")


def _series(subject: StudyView, phase: Phase, key: str, metric: str) -> list[GridSlice]:
    found: dict[str, dict[Scalar, list[float]]] = {}
    for params in phase.points(subject.definition):
        trial = subject.by_point.get(point(params))
        scores = [row.get(metric) for row in listing.seeds(trial)] if trial else []
        others = {other: params[other] for other in phase.grid if other != key}
        values = found.setdefault(_name(others, subject.name), {})
        values[params[key]] = [score for score in scores if score is not None]
    return [
        GridSlice(name, colours.CELLS.get(name, colours.SERIES[number % len(colours.SERIES)]), values)
        for number, (name, values) in enumerate(found.items())
        if any(values.values())
    ]


def _name(others: Mapping[str, Scalar], study: str) -> str:
    cell = [str(others["cell"])] if "cell" in others else []
    rest = words.params({key: value for key, value in others.items() if key != "cell"})
    return " ".join([*cell, *([rest] if rest else [])]) or study


def _axis(key: str, values: Sequence[Scalar]) -> tuple[Axis, dict[Scalar, float]]:
    """Return the axis of a key and where its values stand: positive numbers on a log axis, others at even places."""
    title = words.parameter(key)
    if all(not isinstance(value, str | bool) and value > 0 for value in values):
        places = {value: float(value) for value in values}
        kind, ends = "log", (min(places.values()), max(places.values()))
        width = max((ends[1] / ends[0]) ** 0.08, 1.1)
        limits = ends[0] / width, ends[1] * width
    else:
        places = {value: float(at) for at, value in enumerate(values)}
        kind, limits = "number", (-0.5, len(values) - 0.5)
    ticks = [(at, words.number(value)) for value, at in places.items()]
    return Axis(title, "log" if kind == "log" else "number", ticks, limits), places


def _shifted(place: float, share: float, axis: Axis) -> float:
    """Return a place moved by a share of the axis, so that series do not cover each other."""
    assert axis.range is not None
    low, high = axis.range
    return place * (high / low) ** share if axis.kind == "log" else place + share * (high - low)


def _marks(series: GridSlice, places: Sequence[float]) -> list[Mark]:
    every = [(at, score) for at, row in zip(places, series.seeds.values(), strict=True) for score in row]
    means = [paired(np.asarray(row)) if row else None for row in series.seeds.values()]
    hover = [
        f"{series.name}, {words.number(value)}: {found.effect:.4g} [{found.low:.4g}, {found.high:.4g}]" if found else ""
        for value, found in zip(series.seeds, means, strict=True)
    ]
    effects, lows, highs = ([found and getattr(found, name) for found in means] for name in ("effect", "low", "high"))
    return [
        Points([at for at, _ in every], [score for _, score in every], colour=_pale(series.colour), size=5),
        Intervals(places, effects, lows, highs, series.name, series.colour, joined=True, hover=hover),
    ]


def _missing(subject: StudyView, phases: Sequence[Phase]) -> list[str]:
    points = {point(params) for phase in phases for params in phase.points(subject.definition)}
    missing = len(points - subject.by_point.keys())
    return [f"{missing} of {len(points)} points have no COMPLETE trial."] if missing else []


def _pale(colour: str) -> str:
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{round(part + PALE * (255 - part)):02x}" for part in parts)
