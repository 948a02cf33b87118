"""What does not depend on the program that draws: how large a chart is, and the ticks of a log axis."""

import math
from collections.abc import Iterable

from volopt.figures.chart import Axis, Chart, Subplot
from volopt.figures.steps import round_step

WIDTH = 1200  # pixels
LETTERS = 150  # in a line of ``WIDTH`` pixels
COLOUR_STEPS = 24  # in which many lines are coloured by value
FEW_DECADES, MANY_DECADES = 2.5, 8  # below: ticks at 1, 2 and 5; above: not at every power of ten
MANY = 10_000  # from here on numbers are written in thousands, millions and billions
NARROW = 4  # times: a log axis of less has ticks at even steps


def rows(chart: Chart) -> int:
    """Return how many rows of panels there are."""
    return math.ceil(len(chart.panels) / chart.columns)


def height(chart: Chart) -> int:
    """Return the height in pixels of panels and title, without legend and notes."""
    return 60 + rows(chart) * chart.row_height


def extent(panel: Subplot, axis: Axis) -> tuple[float, float] | None:
    """Return the smallest and largest number on an axis of the panel, or None where there is none it can show."""
    if axis.range is not None:
        return axis.range
    names = ("x", "start", "end", "lengths") if axis is panel.x else ("y", "low", "high")
    found = [value for mark in panel.marks for name in names for value in _all(getattr(mark, name, ()))]
    shown = [value for value in found if value > 0] if axis.kind == "log" else found
    return (min(shown), max(shown)) if shown else None


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers about ``low`` to ``high``: powers of ten, and 2 and 5 times them where these are few.

    Where even those would be too few, they are multiples of one round number.
    """
    if high < NARROW * low:
        return _even_ticks(low, high)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = math.log10(high / low)
    digits = (1, 2, 5) if decades < FEW_DECADES else (1,)
    step = 1 if decades < MANY_DECADES else math.ceil(decades / MANY_DECADES)
    powers = range(first, last + 1, step)
    return [digit * 10.0**power for power in powers for digit in digits if low / 2 <= digit * 10.0**power <= high * 2]


def _even_ticks(low: float, high: float) -> list[float]:
    step = round_step(max(high - low, low / 100) / 5)
    numbers = range(max(1, math.floor(low / step)), math.ceil(high / step) + 1)
    return [float(f"{number * step:.6g}") for number in numbers]


def tick_text(value: float) -> str:
    """Return a tick of ``log_ticks`` as it is written, large ones in thousands, millions, billions or trillions."""
    for size, letter in zip((1e12, 1e9, 1e6, 1e3), "TGMk", strict=True):
        if max(size, MANY) <= value < 1e15:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _all(values: object) -> Iterable[float]:
    if isinstance(values, int | float):
        return [values]
    return [each for each in values if isinstance(each, int | float)] if isinstance(values, Iterable) else []
