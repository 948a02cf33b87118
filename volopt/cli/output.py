"""Print tables for people and JSON for programs."""

import json
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from volopt.definition.plain_text import plain
from volopt.figures import words

SYNTHETIC = f"{words.SYNTHETIC}; --data DIR reads your own."
MIN_TEXT_WIDTH = 32  # characters of a column that folds


def warn_if_synthetic(synthetic: bool) -> None:
    """Say that the data are generated."""
    if synthetic:
        click.echo(SYNTHETIC)


def print_json(facts: object) -> None:
    """Print facts as one line of JSON; dates and paths become text."""
    click.echo(json.dumps(facts, allow_nan=False, default=str))


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    title: str = "",
    folds: Sequence[str] = (),
    optional: Sequence[str] = (),
) -> None:
    """Print a table. It fits a terminal; elsewhere nothing is folded or left out.

    Text may come from a stranger's database, so control characters and rich's markup are shown as they are.

    Args:
        columns: the names of the columns, all different.
        rows: a value for each column.
        title: above the table.
        folds: columns that may take several lines.
        optional: columns to leave out where the terminal is too narrow, the first one first.
    """
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 10_000
    values = dict(zip(columns, zip(*rows, strict=True) if rows else [()] * len(columns), strict=True))

    def width(column: str) -> int:
        longest = max(map(len, [plain(column), *map(show, values[column])]))
        return 2 + (min(longest, MIN_TEXT_WIDTH) if column in folds else longest)

    for column in optional:
        if sum(map(width, values)) - 2 <= console.width:
            break
        values.pop(column, None)
    heading = "\n".join(map(plain, title.split("\n"))) or None
    table = Table(title=heading, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in values:
        numeric = bool(rows) and all(isinstance(value, int | float | None) for value in values[column])
        no_wrap = column not in folds or not console.is_terminal
        table.add_column(plain(column), justify="right" if numeric else "left", no_wrap=no_wrap, overflow="fold")
    for row in zip(*values.values(), strict=True):
        table.add_row(*map(show, row))
    console.print(table)


def show(value: object) -> str:
    """Return a value as a table shows it."""
    return "-" if value is None else plain(words.number(value))
