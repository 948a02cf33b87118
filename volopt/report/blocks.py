"""What the sections of the report are made of; ``blocks.html.j2`` has a macro for each class."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from volopt.errors import VoloptError, sentence
from volopt.figures import words

LONG = 24  # letters
SHEET = 800  # pixels


@dataclass(frozen=True)
class TextBlock:
    """A paragraph."""

    macro: ClassVar = "text"
    text: str
    warning: bool = False  # what makes a reader trust the numbers less


@dataclass(frozen=True)
class FactsBlock:
    """Names with what each of them is."""

    macro: ClassVar = "facts"
    facts: Mapping[str, object]

    def pairs(self) -> list[tuple[str, str]]:
        """Return the facts as text, those that are not known left out."""
        return [(name, shown(value)) for name, value in self.facts.items() if value is not None]


@dataclass(frozen=True)
class TableBlock:
    """Rows of a cell a column."""

    macro: ClassVar = "table"
    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def cells(self) -> list[list[str]]:
        """Return the rows as text."""
        return [[shown(value) for value in row] for row in self.rows]

    def classes(self) -> list[str]:
        """Return how each column is set: ``number`` where each text begins with one, ``words`` where one is long."""
        return [_class(column) for column in zip(*self.cells(), strict=True)] or [""] * len(self.columns)


@dataclass(frozen=True)
class SourceBlock:
    """Text to copy: commands, or a file; folded away under a summary if it has one."""

    macro: ClassVar = "source"
    text: str
    summary: str = ""


class LegendEntry(NamedTuple):
    """A name of a legend with the shape that its marks have."""

    name: str
    colour: str
    shape: str  # line, dashed, area or point


class SubplotArea(NamedTuple):
    """Where the browser draws one panel of a figure."""

    label: str
    height: int  # pixels
    width: int  # pixels that its names need beside each other; a narrower page scrolls it
    drawing: Mapping[str, Any]  # plotly's data and layout, JSON-able


class ColourBar(NamedTuple):
    """The colour scale of a figure."""

    title: str
    low: str
    high: str
    colours: Sequence[str]


@dataclass(frozen=True)
class FigureBlock:
    """A figure: its panels, and around them all that is text."""

    macro: ClassVar = "figure"
    title: str
    about: str
    notes: Sequence[str]
    legend: Sequence[LegendEntry]
    gradient: ColourBar | None
    columns: int
    places: Sequence[SubplotArea]

    def short(self) -> bool:
        """Return whether all panels go on one sheet of paper, which has two beside each other at most."""
        rows = math.ceil(len(self.places) / min(self.columns, 2))
        return sum(place.height for place in self.places[:rows]) < SHEET


Block = TextBlock | FactsBlock | TableBlock | SourceBlock | FigureBlock


class Section(NamedTuple):
    """A part of the report."""

    id: str
    title: str
    blocks: Sequence[Block]


def _class(column: Sequence[str]) -> str:
    if all(text[:1] in "-–0123456789" for text in column):
        return "number"
    return "words" if max(map(len, column)) > LONG else ""


def shown(value: object) -> str:
    """Return a value as the report shows it."""
    return "–" if value is None else words.number(value)


def told(error: VoloptError) -> str:
    """Return an error's message and hint as sentences."""
    return " ".join(sentence(f"{part[0].upper()}{part[1:]}") for part in (error.message, error.hint) if part)
