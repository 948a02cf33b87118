"""Sizes, extents and ticks that do not depend on the painter."""

import math
import textwrap
from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from volopt.figures.chart import Axis, Chart, Subplot

WIDTH = 1200  # pixels of a layout, whose letters have 13 pixels
MIN_COLUMN_WIDTH = 300  # pixels; a narrower figure has fewer columns of subplots
CM, POINT = 1 / 2.54, 1 / 72  # in inches
LETTER_HEIGHT = 13  # pixels
LINE_LETTERS = 150  # in a line of ``WIDTH`` pixels
COLOUR_STEPS = 24  # different colours of lines that are coloured by value
MIN_SHORT_NUMBER = 10_000  # larger numbers are written in thousands, millions and billions
MAX_EVEN_RATIO = 4  # highest over lowest value: a narrower log axis has evenly spaced ticks
MAX_DIGIT_DECADES, MAX_POWER_DECADES = 2.5, 8  # a narrower log axis has ticks at 1, 2 and 5; at each power of ten


class Size(NamedTuple):
    """Say how large a picture is: a narrow figure is laid out anew for its letters, and then scaled as a whole.

    Args:
        width: in cm.
        font_size: in points.
        dpi: pixels per inch of a PNG.
    """

    width: float = 30.48  # 1200 pixels at 100 dpi
    font_size: float = 9.36  # 13 pixels at 100 dpi
    dpi: float = 100.0

    @property
    def layout_width(self) -> int:
        """Return the width of the layout in its pixels."""
        return round(self.width * CM * LETTER_HEIGHT / (self.font_size * POINT))

    def scale(self, dpi: float) -> float:
        """Return how many pixels of a picture there are in a pixel of the layout."""
        return self.font_size * POINT * dpi / LETTER_HEIGHT

    def fit(self, chart: Chart) -> Chart:
        """Return the chart with no more columns of subplots than have room."""
        return replace(chart, columns=max(1, min(chart.columns, self.layout_width // MIN_COLUMN_WIDTH)))


def row_count(chart: Chart) -> int:
    """Return the number of subplot rows."""
    return math.ceil(len(chart.subplots) / chart.columns)


def title_lines(chart: Chart, width: int) -> list[list[str]]:
    """Return the title of each subplot in lines that fit its column; the width is that of the chart in pixels."""
    columns = min(chart.columns, len(chart.subplots))
    letters = LINE_LETTERS * width // WIDTH // columns
    return [textwrap.wrap(subplot.title, letters) for subplot in chart.subplots]


def chart_height(chart: Chart) -> int:
    """Return the height of subplots and title in pixels, without legend and notes."""
    return 60 + row_count(chart) * chart.row_height


def axis_extent(subplot: Subplot, axis: Axis) -> tuple[float, float] | None:
    """Return the smallest and largest number on an axis, or None if it has none; a log axis needs positive ones."""
    if axis.range is not None:
        return axis.range
    names = ("x", "start", "end", "lengths") if axis is subplot.x else ("y", "low", "high")
    values = [value for mark in subplot.marks for name in names for value in _numbers(getattr(mark, name, ()))]
    values = [value for value in values if value > 0] if axis.kind == "log" else values
    return (min(values), max(values)) if values else None


def log_ticks(low: float, high: float) -> list[float]:
    """Return round numbers around ``low`` to ``high`` for a log axis.

    They are powers of ten, with their double and fivefold on an axis of few decades. On a narrower axis they are
    multiples of one round number.
    """
    if high < MAX_EVEN_RATIO * low:
        distance = round_step(max(high - low, low / 100) / 5)
        multiples = range(max(1, math.floor(low / distance)), math.ceil(high / distance) + 1)
        return [float(f"{multiple * distance:.6g}") for multiple in multiples]
    decades = math.log10(high / low)
    digits = (1, 2, 5) if decades < MAX_DIGIT_DECADES else (1,)
    step = 1 if decades < MAX_POWER_DECADES else math.ceil(decades / MAX_POWER_DECADES)
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1, step)
    return [digit * 10.0**power for power in powers for digit in digits if low / 2 <= digit * 10.0**power <= high * 2]


def tick_text(value: float) -> str:
    """Return the label of a ``log_ticks`` value: large ones in thousands, millions, billions or trillions."""
    for size, letter in zip((1e12, 1e9, 1e6, 1e3), "TGMk", strict=True):
        if max(size, MIN_SHORT_NUMBER) <= value < 1e15:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def round_step(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is at least a positive number."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(digit * power for digit in (1, 2, 5, 10) if digit * power >= least)


def _numbers(values: object) -> Iterable[float]:
    if isinstance(values, int | float):
        return [values]
    return [value for value in values if isinstance(value, int | float)] if isinstance(values, Iterable) else []
