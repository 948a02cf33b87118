"""What a search varied, and what it was judged by, as axes and colours."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from volopt.definition.schema import Range, Scalar
from volopt.definition.space import WHOLE_KEYS
from volopt.figures import words
from volopt.figures.chart import Axis, ColourScale, Position
from volopt.figures.points import ScoredTrial
from volopt.figures.steps import round_step
from volopt.figures.study_view import NothingToPlotError, StudyView

WIDE = 10  # times from the smallest to the largest number: more is drawn on a log axis
FEW = 6  # values that are written at the axis one by one
MARGIN = 0.05  # of an axis, beyond its first and its last point
NEAR = 0.06  # of an axis: two ticks would touch
TRIAL_TICKS = 12  # at most
PAIRED = 4  # parameters of which all pairs are drawn: 6 panels


@dataclass(frozen=True)
class ParameterAxis:
    """A key of ``[space]`` that took more than one value."""

    name: str
    axis: Axis

    @property
    def numeric(self) -> bool:
        """Return whether its values are numbers and not names."""
        return self.axis.kind != "category"

    def of(self, trials: Sequence[ScoredTrial]) -> list[Position]:
        """Return where trials stand on the axis."""
        return [_position(trial.params[self.name], numeric=self.numeric) for trial in trials]

    def shares(self, trials: Sequence[ScoredTrial]) -> list[float]:
        """Return where trials stand between the lowest, 0, and the highest of them, 1; names at even places."""
        if not self.numeric:
            last = max(len(self.axis.names) - 1, 1)
            return [self.axis.names.index(str(at)) / last for at in self.of(trials)]
        return shares([float(at or 0) for at in self.of(trials)], log=self.axis.kind == "log")


class ObjectiveAxis(NamedTuple):
    """How the trials' values are drawn: on an axis, or as colours."""

    axis: Axis
    scale: ColourScale
    notes: tuple[str, ...]


def varying(subject: StudyView, trials: Sequence[ScoredTrial]) -> list[ParameterAxis]:
    """Return the parameters that took more than one value, in the order of ``[space]``.

    Raises:
        NothingToPlotError: there is none.
    """
    found = [
        ParameterAxis(key, _axis(subject, key, trials))
        for key in subject.definition.space
        if len({trial.params[key] for trial in trials}) > 1
    ]
    if not found:
        count = "it has one COMPLETE trial" if len(trials) == 1 else f"its {len(trials)} COMPLETE trials are alike"
        raise NothingToPlotError(f"no parameter of {subject.name} varies: {count}", "run more of its trials first")
    return found


def pairs(
    subject: StudyView, chosen: Sequence[ParameterAxis], order: Sequence[str]
) -> list[tuple[ParameterAxis, ParameterAxis]]:
    """Return all pairs of the first parameters of an order.

    Raises:
        NothingToPlotError: there are none.
    """
    first = sorted(chosen, key=lambda parameter: order.index(parameter.name))[:PAIRED]
    if len(first) < 2:
        raise NothingToPlotError(
            f"only {first[0].name} varies in {subject.name}, and a pair takes two parameters", "slice draws the one"
        )
    return list(combinations(first, 2))


def objective(subject: StudyView, values: Sequence[float]) -> ObjectiveAxis:
    """Return how finite values of the objective are drawn.

    Errors over a wide range are drawn on a log axis. R² has no bound below, and one bad trial would press all others
    into a line: axis and colours end where values are outliers, and a note counts those.
    """
    goal = subject.definition.objective
    low, high = min(values), max(values)
    log = goal.direction == "minimize" and low > 0 and high > WIDE * low
    if goal.direction == "maximize":
        low = _without_outliers(values)
    outside = f"Axes and colours end at {low:.3g}; values below it"
    room = 0.0 if high > low else abs(high) / 10 or 1.0  # one value alone has no ends
    low, high = low - room, high + room
    ends = _range(low, high, log)
    count = sum(value < ends[0] for value in values)
    better = "higher" if goal.direction == "maximize" else "lower"
    return ObjectiveAxis(
        Axis(words.metric(goal.metric), "log" if log else "number", range=ends),
        ColourScale(f"{goal.metric}, {better} is better", low, high, log),
        (f"{outside}: {count}.",) if count else (),
    )


def trial_axis(last: int) -> Axis:
    """Return the axis of trial numbers from 0, with whole numbers at its ticks."""
    step = int(round_step(max(1, (last + 1) / TRIAL_TICKS)))
    room = 0.5 + MARGIN / 2 * last
    ticks = [(number, str(number)) for number in range(0, last + 1, step)]
    return Axis("trial number", ticks=ticks, range=(-room, last + room))


def shares(values: Sequence[float], *, log: bool) -> list[float]:
    """Return where numbers stand between the smallest, 0, and the largest, 1; in the middle where they are all one."""
    places = np.log(values) if log else np.asarray(values, dtype=float)
    span = np.ptp(places)
    found: list[float] = ((places - places.min()) / span).tolist() if span > 0 else [0.5] * len(values)
    return found


def _axis(subject: StudyView, key: str, trials: Sequence[ScoredTrial]) -> Axis:
    title, entry = words.parameter(key), subject.definition.space[key]
    if not isinstance(entry, Range) and any(isinstance(value, bool | str) for value in entry):
        return Axis(title, "category", names=[words.number(value) for value in entry])
    seen = sorted({float(trial.params[key]) for trial in trials})
    if isinstance(entry, Range):
        log, few = entry.log, key in WHOLE_KEYS and seen[-1] - seen[0] < FEW
    else:
        log, few = seen[0] > 0 and seen[-1] >= WIDE * seen[0], len(seen) <= FEW
    ends = _range(seen[0], seen[-1], log)
    ticks = _apart(seen, log) if few else _powers(*ends) if log else []
    return Axis(title, "log" if log else "number", ticks, ends)


def _powers(low: float, high: float) -> list[tuple[float, str]]:
    """Return the powers of ten on an axis, or nothing where fewer than two of them lie on it: panels are small."""
    first, last = math.ceil(math.log10(low)), math.floor(math.log10(high))
    return [(10.0**power, f"{10.0**power:g}") for power in range(first, last + 1)] if last > first else []


def _apart(seen: Sequence[float], log: bool) -> list[tuple[float, str]]:
    """Return the values of an axis that are not too near the one before them to be written."""
    found: list[tuple[float, str]] = []
    last = -1.0
    for value, share in zip(seen, shares(seen, log=log), strict=True):
        if share - last >= NEAR:
            found.append((value, f"{value:g}"))
            last = share
    return found


def _range(low: float, high: float, log: bool) -> tuple[float, float]:
    """Return an axis' ends, so that no point lies on its edge."""
    if log:
        room = (high / low) ** MARGIN
        return low / room, high * room
    return low - MARGIN * (high - low), high + MARGIN * (high - low)


def _position(value: Scalar, *, numeric: bool) -> Position:
    return float(value) if numeric else words.number(value)


def _without_outliers(values: Sequence[float]) -> float:
    """Return the lowest value within Tukey's outer fence: three times the width of the middle half below it."""
    quarter, three_quarters = np.quantile(values, (0.25, 0.75))
    inside = [value for value in values if value >= quarter - 3 * (three_quarters - quarter)]
    return min(inside) if min(inside) < max(inside) else min(values)
