"""Turn parameters and the objective of a study into axes and colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from volopt.definition.schema import Range
from volopt.definition.space import WHOLE_KEYS
from volopt.figures import words
from volopt.figures.chart import Axis, ColourScale, Position
from volopt.figures.drawing.layout import round_step
from volopt.figures.scored_trials import ScoredTrial, values_of_study
from volopt.figures.study_view import NothingToPlotError, StudyView

MIN_LOG_RATIO = 10  # highest over lowest number: a wider range has a log axis
MAX_VALUE_TICKS = 6  # an axis of so few values has a tick at each
AXIS_MARGIN = 0.05  # share of an axis beyond its first and its last point
MIN_TICK_DISTANCE = 0.06  # share of an axis: labels nearer than this would touch
MAX_TRIAL_TICKS = 12


@dataclass(frozen=True)
class ParameterAxis:
    """Hold the axis of a key of ``[space]`` that took more than one value."""

    name: str
    axis: Axis

    @property
    def numeric(self) -> bool:
        """Return whether the values are numbers; the others are category names."""
        return self.axis.kind != "category"

    def positions(self, trials: Sequence[ScoredTrial]) -> list[Position]:
        """Return the positions of trials on the axis."""
        values = [trial.params[self.name] for trial in trials]
        return [float(value) if self.numeric else words.number(value) for value in values]

    def fractions(self, trials: Sequence[ScoredTrial]) -> list[float]:
        """Return the positions of trials, min-max scaled to 0 to 1; categories are evenly spaced."""
        if not self.numeric:
            last = max(len(self.axis.names) - 1, 1)
            return [self.axis.names.index(str(name)) / last for name in self.positions(trials)]
        return axis_fractions([float(number or 0) for number in self.positions(trials)], log=self.axis.kind == "log")


class ObjectiveAxis(NamedTuple):
    """Hold the axis and the colour scale of the objective's values."""

    axis: Axis
    scale: ColourScale
    notes: tuple[str, ...]


def varying_parameters(view: StudyView, trials: Sequence[ScoredTrial]) -> list[ParameterAxis]:
    """Return the parameters that took more than one value, in the order of ``[space]``.

    Raises:
        NothingToPlotError: there is none.
    """
    varying = [
        ParameterAxis(key, _parameter_axis(view, key, trials))
        for key in view.definition.space
        if len({trial.params[key] for trial in trials}) > 1
    ]
    if not varying:
        count = "it has one COMPLETE trial" if len(trials) == 1 else f"its {len(trials)} COMPLETE trials are alike"
        raise NothingToPlotError(f"no parameter of {view.name} varies: {count}", "run more of its trials first")
    return varying


def objective_axis(view: StudyView, values: Sequence[float]) -> ObjectiveAxis:
    """Return axis and colours of finite values of the objective.

    Errors have a log axis in all figures of a study if those of its trials and its best baseline have a wide range. R²
    has no lower bound, and one bad trial would compress all others into a line. So axis and colours end at the lowest
    value that is no outlier, and a note counts the values below.
    """
    low, high = min(values), max(values)
    log = not view.maximizes and low > 0 and _is_wide([*values, *values_of_study(view)])
    if view.maximizes:
        low = _lowest_inlier(values)
    padding = 0.0 if high > low else abs(high) / 10 or 1.0  # a single value gives no extent
    low, high = low - padding, high + padding
    extent = _with_margin(low, high, log=log)
    outliers = sum(value < extent[0] for value in values)
    better = "higher" if view.maximizes else "lower"
    return ObjectiveAxis(
        Axis(words.metric_title(view.metric), "log" if log else "number", range=extent),
        ColourScale(f"{view.metric}, {better} is better", low, high, log),
        (f"Axes and colours end at {low:.3g}; values below it: {outliers}.",) if outliers else (),
    )


def _is_wide(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) > MIN_LOG_RATIO * min(values)


def trial_axis(last: int) -> Axis:
    """Return the axis of trial numbers from 0 to ``last``, with whole numbers at its ticks."""
    step = int(round_step(max(1, (last + 1) / MAX_TRIAL_TICKS)))
    margin = 0.5 + AXIS_MARGIN / 2 * last
    ticks = [(number, str(number)) for number in range(0, last + 1, step)]
    return Axis("trial number", ticks=ticks, range=(-margin, last + margin))


def axis_fractions(values: Sequence[float], *, log: bool) -> list[float]:
    """Return numbers min-max scaled to 0 to 1 on an axis; 0.5 if all are equal."""
    positions = np.log(values) if log else np.asarray(values, dtype=float)
    span = np.ptp(positions)
    fractions: list[float] = ((positions - positions.min()) / span).tolist() if span > 0 else [0.5] * len(values)
    return fractions


def _parameter_axis(view: StudyView, key: str, trials: Sequence[ScoredTrial]) -> Axis:
    title, entry = words.parameter_title(key), view.definition.space[key]
    if not isinstance(entry, Range) and any(isinstance(value, bool | str) for value in entry):
        return Axis(title, "category", names=[words.number(value) for value in entry])
    values = sorted({float(trial.params[key]) for trial in trials})
    if isinstance(entry, Range):
        log, tick_each = entry.log, key in WHOLE_KEYS and values[-1] - values[0] < MAX_VALUE_TICKS
    else:
        log, tick_each = values[0] > 0 and values[-1] >= MIN_LOG_RATIO * values[0], len(values) <= MAX_VALUE_TICKS
    extent = _with_margin(values[0], values[-1], log=log)
    ticks = _value_ticks(values, log=log) if tick_each else _power_ticks(*extent) if log else []
    return Axis(title, "log" if log else "number", ticks, extent)


def _power_ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return the powers of ten on an axis, or nothing if there are fewer than two, since subplots are small."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    return [(10.0**power, f"{10.0**power:g}") for power in range(first, last + 1)] if last > first else []


def _value_ticks(values: Sequence[float], *, log: bool) -> list[tuple[float, str]]:
    """Return a tick at each value that is not too near the tick before it."""
    ticks: list[tuple[float, str]] = []
    last = -1.0
    for value, fraction in zip(values, axis_fractions(values, log=log), strict=True):
        if fraction - last >= MIN_TICK_DISTANCE:
            ticks.append((value, f"{value:g}"))
            last = fraction
    return ticks


def _with_margin(low: float, high: float, *, log: bool) -> tuple[float, float]:
    """Return the ends of an axis, so that no point lies on its edge."""
    if log:
        factor = (high / low) ** AXIS_MARGIN
        return low / factor, high * factor
    return low - AXIS_MARGIN * (high - low), high + AXIS_MARGIN * (high - low)


def _lowest_inlier(values: Sequence[float]) -> float:
    """Return the lowest value within Tukey's outer fence, which is three interquartile ranges below the quartile."""
    quarter, three_quarters = np.quantile(values, (0.25, 0.75))
    inliers = [value for value in values if value >= quarter - 3 * (three_quarters - quarter)]
    return min(inliers) if min(inliers) < max(inliers) else min(values)
