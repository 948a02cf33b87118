"""The blocks that the sections of the report consist of; ``blocks.html.j2`` has a macro for each class."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from volopt.errors import VoloptError, sentence
from volopt.figures import words
from volopt.figures.chart import ColourScale

MAX_ROWS = 30  # of a table
MIN_WIDE_TEXT = 24  # letters: a column with longer texts is at least 12rem wide
PAGE_HEIGHT = 800  # pixels


@dataclass(frozen=True)
class TextBlock:
    """Show a paragraph."""

    macro: ClassVar = "text"
    text: str
    warning: bool = False  # a reason to trust the numbers less


@dataclass(frozen=True)
class FactsBlock:
    """Show names with their values."""

    macro: ClassVar = "facts"
    facts: Mapping[str, object]

    def pairs(self) -> list[tuple[str, str]]:
        """Return the known facts as text."""
        return [(name, cell_text(value)) for name, value in self.facts.items() if value is not None]


@dataclass(frozen=True)
class TableBlock:
    """Show a table."""

    macro: ClassVar = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def cells(self) -> list[list[str]]:
        """Return the rows as text."""
        return [[cell_text(value) for value in row] for row in self.rows]

    def classes(self) -> list[str]:
        """Return the CSS class of each column: ``number`` if each text starts with one, ``words`` if one is long."""
        return [_css_class(column) for column in zip(*self.cells(), strict=True)] or [""] * len(self.columns)


@dataclass(frozen=True)
class SourceBlock:
    """Show text to copy, such as commands or a file; with a summary, it is folded."""

    macro: ClassVar = "source"
    text: str
    summary: str = ""


class LegendEntry(NamedTuple):
    """Hold a name of a legend with the shape of its marks."""

    name: str
    colour: str
    shape: str  # line, dashed, band, area, point, x or diamond


class SubplotArea(NamedTuple):
    """Hold the area in which the browser draws one subplot."""

    label: str
    height: int  # pixels
    width: int  # pixels that its tick labels need; a narrower page scrolls it
    drawing: Mapping[str, Any]  # plotly's data and layout, JSON-able


@dataclass(frozen=True)
class FigureBlock:
    """Show a figure: its subplots, and title, legend and notes as text."""

    macro: ClassVar = "figure"
    title: str
    notes: Sequence[str]
    legend: Sequence[LegendEntry]
    scale: ColourScale | None
    colours: Sequence[str]  # of the scale, from low to high
    columns: int
    areas: Sequence[SubplotArea]

    def fits_page(self) -> bool:
        """Return whether all subplots fit on one printed page, which has at most two columns."""
        rows = math.ceil(len(self.areas) / min(self.columns, 2))
        return sum(area.height for area in self.areas[:rows]) < PAGE_HEIGHT


Block = TextBlock | FactsBlock | TableBlock | SourceBlock | FigureBlock


class Section(NamedTuple):
    """Hold a section of the report."""

    id: str
    title: str
    blocks: Sequence[Block]


def short_table(
    caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]], limit: int = MAX_ROWS
) -> Iterator[Block]:
    """Return a table of the first rows, and how many more there are; nothing if there are none."""
    if rows:
        yield TableBlock(caption, columns, rows[:limit])
    if len(rows) > limit:
        yield TextBlock(f"{len(rows) - limit} more.")


def cell_text(value: object) -> str:
    """Return a value as the report writes it."""
    return "–" if value is None else words.number(value)


def error_sentences(error: VoloptError) -> str:
    """Return an error's message and hint as sentences."""
    return " ".join(sentence(f"{part[0].upper()}{part[1:]}") for part in (error.message, error.hint) if part)


def _css_class(column: Sequence[str]) -> str:
    if all(text[:1] in "-–0123456789" for text in column):
        return "number"
    return "words" if max(map(len, column)) > MIN_WIDE_TEXT else ""
