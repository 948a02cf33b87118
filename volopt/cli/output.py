"""Print tables for people and JSON for programs."""

import json
import math
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

import click
from rich import cells
from rich.console import Console
from rich.text import Text

from volopt.definition.plain_text import plain
from volopt.figures import words

SYNTHETIC = f"{words.SYNTHETIC}; --data DIR reads your own."
MIN_TEXT_WIDTH = 24  # characters of a column that folds
GAP = 2  # characters between columns
NO_BREAK = "\0"  # stands for a blank at which no line may break
COLORS = {
    "COMPLETE": "green", "PRUNED": "yellow", "FAIL": "red", "RUNNING": "cyan",
    "supported": "green", "inconclusive": "yellow", "contradicted": "red",
}  # fmt: skip


class _Column(NamedTuple):
    name: str
    cells: Sequence[str]  # the heading first
    widest: int  # characters
    folds: bool
    is_numeric: bool

    @property
    def least(self) -> int:
        """Return how many characters it takes at least."""
        return min(self.widest, MIN_TEXT_WIDTH) if self.folds else self.widest


def say(text: str, *, err: bool = False) -> None:
    """Print sentences to stdout or stderr; a terminal gets lines that break between words.

    Lines that people copy stay whole: indented ones, those after ``Next:``, and what stands between backticks. A line
    that begins with ``- `` is an item of a list.
    """
    console = Console(stderr=err)
    lines = text.split("\n")
    if console.is_terminal:
        lines = [part for line in lines for part in _broken(line, console.width)]
    click.echo("\n".join(lines), err=err)


def _broken(line: str, width: float) -> list[str]:
    item = re.match(" *- ", line)
    if cells.cell_len(line) <= width or (re.match("Next:| ", line) and not item):
        return [line]
    whole = re.sub("`[^`]*`", lambda command: command[0].replace(" ", NO_BREAK), line)
    indent = " " * item.end() if item else ""
    parts = textwrap.wrap(whole, int(width), break_long_words=False, break_on_hyphens=False, subsequent_indent=indent)
    return [part.replace(NO_BREAK, " ") for part in parts]


def warn_if_synthetic(synthetic: bool) -> None:
    """Say that the data are generated."""
    if synthetic:
        say(SYNTHETIC)


def is_terminal() -> bool:
    """Return whether a person sees the output, not a file or another program."""
    return Console().is_terminal


def print_json(facts: object) -> None:
    """Print facts as one line of JSON; dates and paths become text."""
    click.echo(json.dumps(facts, allow_nan=False, default=str))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    title: str = "",
    folds: Sequence[str] = (),
    optional: Sequence[str] = (),
    *,
    turns: bool = False,
) -> None:
    """Print a table. It fits a terminal; elsewhere nothing is folded or left out.

    Nothing is ever cut: columns that do not fit follow in a second table, which begins with the first column, too. Text
    may come from a stranger's database, so control characters and rich's markup are shown as they are.

    Args:
        columns: the names of the columns, all different.
        rows: a value for each column.
        title: above the table.
        folds: columns that may take several lines.
        optional: columns to leave out where the terminal is too narrow, the first one first; a line names them.
        turns: whether rows become columns where only that fits.
    """
    console = Console()
    limit = console.width if console.is_terminal else math.inf
    table = _table(columns, rows, folds)
    if turns and _least_width(table) > limit:
        turned = _table(*_turned(columns, rows), ())
        table = turned if _least_width(turned) <= limit else table
    left_out: list[str] = []
    for name in optional:
        if _least_width(table) <= limit:
            break
        left_out += [column.name for column in table if column.name == name]
        table = [column for column in table if column.name != name]
    lines = [part for line in title.split("\n") for part in _broken(plain(line), limit)] if title else []
    for number, block in enumerate(_blocks(table, limit)):
        lines += [""] * (number > 0)
        lines += _lines(block, limit, is_colored=console.color_system is not None and not console.no_color)
    if left_out:
        lines += _broken(f"A wider terminal also shows {', '.join(left_out)}.", limit)
    click.echo("\n".join(lines), color=console.is_terminal)


def _table(columns: Sequence[str], rows: Sequence[Sequence[object]], folds: Sequence[str]) -> list[_Column]:
    values = list(zip(*rows, strict=True)) if rows else [()] * len(columns)
    return [_column(name, each, folds=name in folds) for name, each in zip(columns, values, strict=True)]


def _column(name: str, values: Sequence[object], *, folds: bool) -> _Column:
    texts = [plain(name), *map(show, values)]
    is_numeric = bool(values) and all(isinstance(value, int | float | None) for value in values)
    return _Column(name, texts, max(map(_length, texts)), folds, is_numeric)


def _turned(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> tuple[list[str], list[Sequence[object]]]:
    first, *others = zip(columns, *rows, strict=True)
    return [show(name) for name in first], list(others)


def _least_width(table: Iterable[_Column]) -> int:
    return sum(column.least + GAP for column in table) - GAP


def _blocks(table: Sequence[_Column], limit: float) -> list[list[_Column]]:
    """Return the columns in tables that fit; each begins with the first column."""
    first, *others = table
    blocks = [[first]]
    for column in others:
        if len(blocks[-1]) > 1 and _least_width([*blocks[-1], column]) > limit:
            blocks.append([first])
        blocks[-1].append(column)
    return blocks


def _widths(block: Sequence[_Column], limit: float) -> list[int]:
    """Return the characters of each column; where a single one is too wide, the widest ones are narrower."""
    widths, spare = [column.least for column in block], limit - _least_width(block)
    while spare < 0 and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1
        spare += 1
    for place, column in enumerate(block):
        more = int(min(max(0, spare), column.widest - column.least))
        widths[place] += more
        spare -= more
    return widths


def _lines(block: Sequence[_Column], limit: float, *, is_colored: bool) -> Iterator[str]:
    widths = _widths(block, limit)
    for number, row in enumerate(zip(*(column.cells for column in block), strict=True)):
        folded = [
            [cell] if width >= column.widest else _folded(cell, width)
            for cell, width, column in zip(row, widths, block, strict=True)
        ]
        for parts in zip_longest(*folded, fillvalue=""):
            aligned = [
                _aligned(part, width, column, is_heading=number == 0, is_colored=is_colored)
                for part, width, column in zip(parts, widths, block, strict=True)
            ]
            yield (" " * GAP).join(aligned).rstrip()


def _folded(cell: str, width: int) -> list[str]:
    return [line.plain.rstrip() for line in Text(cell).wrap(Console(), width)]


def _aligned(part: str, width: int, column: _Column, *, is_heading: bool, is_colored: bool) -> str:
    padding = " " * (width - _length(part))
    if is_colored:
        part = click.style(part, bold=is_heading or None, fg=None if is_heading else COLORS.get(part))
    return padding + part if column.is_numeric else part + padding


def _length(text: str) -> int:
    """Return how many characters of a terminal a text takes; those of Chinese take two each."""
    return len(text) if text.isascii() else cells.cell_len(text)


def show(value: object) -> str:
    """Return a value as a table shows it."""
    return "-" if value is None else plain(words.number(value))
