"""Draw the error by each number that a grid phase varies: the mean over seeds with its interval, and every seed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from volopt.comparison.statistics import paired
from volopt.definition.schema import Phase, Scalar
from volopt.figures import colours, words
from volopt.figures.chart import Axis, Chart, Intervals, Mark, Points, Subplot
from volopt.figures.scored_trials import baseline_line, scored_trials
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies import listing
from volopt.studies.space import point

WHITE_SHARE = 0.55  # in the colour of single seeds
SERIES_DISTANCE = 0.03  # share of the axis between series at one value
INTERVAL = "Bars: 95 % intervals of the mean over seeds (BCa bootstrap), unreliable with few seeds."


class GridSlice(NamedTuple):
    """Hold the points of a grid that differ in one key only, with the metric of each seed."""

    name: str
    colour: str
    seeds: dict[Scalar, list[float]]  # by the value of the key; empty without a COMPLETE trial


def chart(view: StudyView) -> Chart:
    """Return a row of subplots for each key: the objective's metric, and the same metric on the test split."""
    phases = [phase for phase in view.definition.phases if phase.is_grid]
    if not phases:
        raise NothingToPlotError(f"the study {view.name} has no grid phase", "slice draws the value by parameter")
    scored_trials(view)
    rows = [(phase, key) for phase in phases for key in _keys(phase)]
    metrics = (view.metric, view.metric.replace("valid_", "test_"))
    subplots = [_subplot(view, phase, key, metric) for phase, key in rows for metric in metrics]
    if not any(subplot.marks for subplot in subplots):
        raise NothingToPlotError(f"no point of the grids of {view.name} is COMPLETE", "finish its grid phases first")
    notes = [INTERVAL, f"Trials are selected by {view.metric}; the test split was not used for selection."]
    points = {point(params) for phase in phases for params in phase.points(view.definition)}
    if missing := len(points - view.by_point.keys()):
        notes.append(f"{missing} of {len(points)} points have no COMPLETE trial.")
    return Chart(
        f"{' and '.join(metrics)} by {' and '.join(dict.fromkeys(key for _, key in rows))}",
        subplots,
        notes=notes,
        columns=2,
        row_height=340,
    )


def _keys(phase: Phase) -> list[str]:
    """Return the keys that have a row; ``cell`` has none if there are others, since cells are the series then."""
    varying = [key for key, values in phase.grid.items() if len(values) > 1]
    return [key for key in varying if key != "cell"] or varying or list(phase.grid)[:1]


def _subplot(view: StudyView, phase: Phase, key: str, metric: str) -> Subplot:
    series = _series(view, phase, key, metric)
    x, positions = _axis(key, phase.grid[key])
    marks: list[Mark] = []
    for i, one in enumerate(series):
        shift = SERIES_DISTANCE * (i - (len(series) - 1) / 2)
        marks += _marks(one, [_shifted(positions[value], shift, x) for value in one.seeds])
    baseline = baseline_line(view, metric)
    if marks and baseline:
        marks.append(baseline)
    scores = [score for one in series for row in one.seeds.values() for score in row]
    log = bool(scores) and "log_r2" not in metric and min(scores) > 0
    return Subplot(x, Axis(words.metric_title(metric), "log" if log else "number"), marks, f"{phase.name}: {metric}")


def _series(view: StudyView, phase: Phase, key: str, metric: str) -> list[GridSlice]:
    seeds: dict[str, dict[Scalar, list[float]]] = {}
    for params in phase.points(view.definition):
        trial = view.by_point.get(point(params))
        scores = [row.get(metric) for row in listing.seeds(trial)] if trial else []
        name = _name({other: params[other] for other in phase.grid if other != key}) or view.name
        seeds.setdefault(name, {})[params[key]] = [score for score in scores if score is not None]
    return [
        GridSlice(name, colours.CELLS.get(name, colours.SERIES[i % len(colours.SERIES)]), values)
        for i, (name, values) in enumerate(seeds.items())
        if any(values.values())
    ]


def _name(others: Mapping[str, Scalar]) -> str:
    """Return the name of a series by its other keys, the cell without its key: ``LSTM window=20``."""
    rest = words.params({key: value for key, value in others.items() if key != "cell"})
    return f"{others.get('cell', '')} {rest}".strip()


def _axis(key: str, values: Sequence[Scalar]) -> tuple[Axis, dict[Scalar, float]]:
    """Return the axis of a key and the positions of its values: a log axis for positive numbers, else evenly spaced."""
    log = all(not isinstance(value, str | bool) and value > 0 for value in values)
    if log:
        positions = {value: float(value) for value in values}
        low, high = min(positions.values()), max(positions.values())
        factor = max((high / low) ** 0.08, 1.1)
        limits = low / factor, high * factor
    else:
        positions = {value: float(i) for i, value in enumerate(values)}
        limits = -0.5, len(values) - 0.5
    ticks = [(position, words.number(value)) for value, position in positions.items()]
    return Axis(words.parameter_title(key), "log" if log else "number", ticks, limits), positions


def _shifted(position: float, share: float, axis: Axis) -> float:
    """Return a position moved by a share of the axis, so that series do not cover each other."""
    assert axis.range is not None
    low, high = axis.range
    return position * (high / low) ** share if axis.kind == "log" else position + share * (high - low)


def _marks(series: GridSlice, positions: Sequence[float]) -> list[Mark]:
    points = [(x, score) for x, row in zip(positions, series.seeds.values(), strict=True) for score in row]
    means = [paired(np.asarray(row)) if row else None for row in series.seeds.values()]
    hover = [
        f"{series.name}, {words.number(value)}: {mean.effect:.4g} [{mean.low:.4g}, {mean.high:.4g}]" if mean else ""
        for value, mean in zip(series.seeds, means, strict=True)
    ]
    effects, lows, highs = ([mean and getattr(mean, name) for mean in means] for name in ("effect", "low", "high"))
    return [
        Points([x for x, _ in points], [score for _, score in points], colour=_pale(series.colour), size=5),
        Intervals(positions, effects, lows, highs, series.name, series.colour, joined=True, hover=hover),
    ]


def _pale(colour: str) -> str:
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(part + WHITE_SHARE * (255 - part)):02x}" for part in parts)
