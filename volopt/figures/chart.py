"""The chart model: a figure as plain numbers, which ``--format json`` writes and both painters draw.

A chart is a grid of subplots. A subplot has two axes and marks, drawn in their order. Positions are numbers, ISO dates
(``2018-01-31``, or with a time) or category names, according to the axis; None leaves a gap. A new mark is a class
here, a function in ``drawing/matplotlib.py`` and one in ``drawing/plotly_marks.py``.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Position = float | str | None
Positions = Sequence[Position]
Numbers = Sequence[float | None]
Symbol = Literal["circle", "diamond", "x"]
SYMBOLS: tuple[Symbol, ...] = ("circle", "diamond", "x")


@dataclass(frozen=True)
class Line:
    """Draw a line through points; marks of the same name share one legend entry, unnamed marks have none."""

    x: Positions
    y: Positions
    name: str = ""
    colour: str = "#000000"
    dashed: bool = False
    step: bool = False  # keep a value until the next point
    width: float = 1.6


@dataclass(frozen=True)
class Band:
    """Fill the area between two lines."""

    x: Positions
    low: Numbers
    high: Numbers
    name: str = ""
    colour: str = "#000000"


@dataclass(frozen=True)
class Points:
    """Draw points in one colour, or coloured by ``values`` on the chart's scale; ``hover`` has a text for each."""

    x: Positions
    y: Positions
    name: str = ""
    colour: str = "#000000"
    values: Numbers = ()
    hover: Sequence[str] = ()
    symbol: Symbol = "circle"
    size: float = 7.0


@dataclass(frozen=True)
class Intervals:
    """Draw values with vertical intervals; a line connects the values if ``joined``."""

    x: Positions
    y: Numbers
    low: Numbers
    high: Numbers
    name: str = ""
    colour: str = "#000000"
    joined: bool = False
    hover: Sequence[str] = ()


@dataclass(frozen=True)
class Bars:
    """Draw horizontal bars from 0, one for each name of the y axis; several ``Bars`` of a subplot are grouped.

    ``low`` and ``high`` are the ends of an interval for each bar, and are empty if there are none.
    """

    y: Sequence[str]
    lengths: Numbers
    name: str = ""
    colour: str = "#000000"
    low: Numbers = ()
    high: Numbers = ()


@dataclass(frozen=True)
class TimeSpans:
    """Draw horizontal bars from ``start`` to ``end``."""

    y: Numbers
    start: Positions
    end: Positions
    name: str = ""
    colour: str = "#000000"
    hover: Sequence[str] = ()


@dataclass(frozen=True)
class ParallelLines:
    """Draw many lines over the same positions, in order, each coloured by its value on the chart's scale."""

    x: Positions
    rows: Sequence[Numbers]  # shape: (lines, positions)
    values: Numbers  # shape: (lines,)


@dataclass(frozen=True)
class FilledContour:
    """Fill a rectangle with contours of values on the chart's scale."""

    x: Sequence[float]
    y: Sequence[float]
    z: Sequence[Numbers]  # shape: (y, x)


@dataclass(frozen=True)
class Cells:
    """Fill a cell for each pair of category names with the colour of its value, which is written in it."""

    x: Sequence[str]
    y: Sequence[str]
    z: Sequence[Numbers]  # shape: (y, x)


@dataclass(frozen=True)
class ReferenceLine:
    """Draw a horizontal line across the subplot at a value of the y axis."""

    y: float
    name: str = ""
    colour: str = "#000000"
    dashed: bool = True


Mark = Line | Band | Points | Intervals | Bars | TimeSpans | ParallelLines | FilledContour | Cells | ReferenceLine


@dataclass(frozen=True)
class Axis:
    """Describe an axis; its title names the quantity and the unit."""

    title: str
    kind: Literal["number", "log", "date", "category"] = "number"
    ticks: Sequence[tuple[float, str]] = ()  # positions and labels; empty: the painter chooses
    range: tuple[float, float] | None = None  # None: as wide as the marks
    names: Sequence[str] = ()  # of a category axis, in order


@dataclass(frozen=True)
class Subplot:
    """Hold one pair of axes with its marks."""

    x: Axis
    y: Axis
    marks: Sequence[Mark]
    title: str = ""


@dataclass(frozen=True)
class ColourScale:
    """Map the colours of a chart to values."""

    title: str
    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Chart:
    """Hold a whole figure; its notes say what a reader must know to read it correctly."""

    title: str
    subplots: Sequence[Subplot]
    subtitle: str = ""
    notes: Sequence[str] = ()
    columns: int = 1
    scale: ColourScale | None = None
    row_height: int = 380  # pixels at a width of 1200
    legend_above: bool = False  # the subplots, not below them
    facts: dict[str, Any] = field(default_factory=dict)  # further numbers for programs

    def numbers(self) -> dict[str, Any]:
        """Return everything as JSON-able lists and dicts; ``mark`` names the kind of each mark."""
        subplots = []
        for subplot in self.subplots:
            marks = [{"mark": type(mark).__name__.lower()} | asdict(mark) for mark in subplot.marks]
            subplots.append(asdict(subplot) | {"marks": marks})
        facts = asdict(replace(self, subplots=()))
        del facts["subplots"]
        return facts | {"panels": subplots}

    def split(self, size: int = 1) -> list["Chart"]:
        """Return charts of ``size`` subplots each, in two columns at most, for a page that arranges them itself."""
        parts = [self.subplots[start : start + size] for start in range(0, len(self.subplots), size)]
        return [replace(self, subplots=part, columns=min(size, 2)) for part in parts]

    def legend(self) -> dict[str, Mark]:
        """Return the named marks, the first of each name, in order."""
        entries: dict[str, Mark] = {}
        for subplot in self.subplots:
            for mark in subplot.marks:
                if name := getattr(mark, "name", ""):
                    entries.setdefault(name, mark)
        return entries
