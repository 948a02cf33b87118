"""A figure as plain numbers, before anything draws it: what ``--format json`` writes, and what tests read.

A chart is a grid of panels, a panel has two axes and marks, drawn in their order. ``drawing`` has a module for each
program that draws charts; a new mark is a class here and a function in each of those. Positions are numbers,
ISO dates (``2018-01-31``, or with a time) or names, as the axis says; None leaves a gap.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

Position = float | str | None
Positions = Sequence[Position]
Numbers = Sequence[float | None]


@dataclass(frozen=True)
class Line:
    """A line through points; marks of one name and colour share one entry of the legend, those without have none."""

    x: Positions
    y: Positions
    name: str = ""
    colour: str = "#000000"
    dashed: bool = False
    step: bool = False  # stays at a value until the next point
    width: float = 1.6


@dataclass(frozen=True)
class Band:
    """The area between two lines."""

    x: Positions
    low: Numbers
    high: Numbers
    name: str = ""
    colour: str = "#000000"


@dataclass(frozen=True)
class Points:
    """Single points, of one colour or coloured by ``values`` on the chart's scale; ``hover`` has a text for each."""

    x: Positions
    y: Positions
    name: str = ""
    colour: str = "#000000"
    values: Numbers = ()
    hover: Sequence[str] = ()
    symbol: Literal["circle", "x", "diamond"] = "circle"
    size: float = 7.0


@dataclass(frozen=True)
class Intervals:
    """Values with an interval, upright, joined by a line where ``joined``."""

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
    """Horizontal bars from 0, one a name of the y axis; several of these in a panel stand beside each other."""

    y: Sequence[str]
    lengths: Numbers
    name: str = ""
    colour: str = "#000000"


@dataclass(frozen=True)
class TimeSpans:
    """Horizontal bars from ``start`` to ``end``."""

    y: Numbers
    start: Positions
    end: Positions
    name: str = ""
    colour: str = "#000000"
    hover: Sequence[str] = ()


@dataclass(frozen=True)
class ParallelLines:
    """Many lines over the same positions, each coloured by its value on the chart's scale, drawn in their order."""

    x: Positions
    rows: Sequence[Numbers]  # shape: (lines, positions)
    values: Numbers  # shape: (lines,)


@dataclass(frozen=True)
class FilledContour:
    """Values of the chart's scale over a rectangle, as filled contours."""

    x: Sequence[float]
    y: Sequence[float]
    z: Sequence[Numbers]  # shape: (y, x)


@dataclass(frozen=True)
class ReferenceLine:
    """A straight line across the panel at a value of the y axis."""

    y: float
    name: str = ""
    colour: str = "#000000"
    dashed: bool = True


Mark = Line | Band | Points | Intervals | Bars | TimeSpans | ParallelLines | FilledContour | ReferenceLine


@dataclass(frozen=True)
class Axis:
    """An axis: its title says what it shows and the unit."""

    title: str
    kind: Literal["number", "log", "date", "category"] = "number"
    ticks: Sequence[tuple[float, str]] = ()  # positions and labels, in place of those the drawing program would choose
    range: tuple[float, float] | None = None  # None: what the marks need
    names: Sequence[str] = ()  # of a category axis, in their order


@dataclass(frozen=True)
class Subplot:
    """One pair of axes."""

    x: Axis
    y: Axis
    marks: Sequence[Mark]
    title: str = ""


@dataclass(frozen=True)
class ColourScale:
    """What the colours of a chart's values mean."""

    title: str
    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Chart:
    """A whole figure; ``subtitle`` says of what, ``notes`` what a reader must know to read it right."""

    title: str
    panels: Sequence[Subplot]
    subtitle: str = ""
    notes: Sequence[str] = ()
    columns: int = 1
    scale: ColourScale | None = None
    row_height: int = 380  # pixels at a width of 1200
    facts: dict[str, Any] = field(default_factory=dict)  # numbers beside those drawn, for programs

    def numbers(self) -> dict[str, Any]:
        """Return everything as JSON-able lists and dicts; marks say of which kind they are."""
        panels = [
            asdict(panel) | {"marks": [{"mark": type(mark).__name__.lower()} | asdict(mark) for mark in panel.marks]}
            for panel in self.panels
        ]
        return asdict(replace(self, panels=())) | {"panels": panels}

    def split(self, size: int = 1) -> list["Chart"]:
        """Return charts of ``size`` panels each, in two columns at most, for a page that sets them itself."""
        parts = [self.panels[start : start + size] for start in range(0, len(self.panels), size)]
        return [replace(self, panels=part, columns=min(size, 2)) for part in parts]

    def legend(self) -> dict[str, Mark]:
        """Return the marks that have a name, the first of each name, in their order."""
        found: dict[str, Mark] = {}
        for panel in self.panels:
            for mark in panel.marks:
                name = getattr(mark, "name", "")
                if name and name not in found:
                    found[name] = mark
        return found
