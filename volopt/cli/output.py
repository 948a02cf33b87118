"""Printing: tables for people, JSON for programs."""

import json
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from volopt.definition.plain import plain
from volopt.figures import words

SYNTHETIC = f"{words.SYNTHETIC}; --data DIR reads your own."
FOLDED = 32  # characters a column of words needs to be readable


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
    """Print a table: drawn on a terminal, plain columns otherwise, where nothing is cut or folded.

    A text that steers a terminal, or is markup to rich, may come from a stranger's database: it is shown as it is.

    Args:
        columns: their names.
        rows: a cell a column.
        title: above the table.
        folds: columns of words, which may take several lines.
        optional: columns that a terminal too narrow for the table does without, the first of them first.
    """
    console = Console(markup=False, emoji=False)
    if not console.is_terminal:
        console.width = 10_000
    without: list[str] = []
    for name in optional:
        if _width(columns, rows, folds, without) <= console.width:
            break
        without.append(name)
    table = Table(
        title="\n".join(map(plain, title.split("\n"))) or None,
        title_justify="left",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    kept = [number for number, column in enumerate(columns) if column not in without]
    for number in kept:
        numeric = bool(rows) and all(isinstance(row[number], int | float | None) for row in rows)
        table.add_column(
            plain(columns[number]),
            justify="right" if numeric else "left",
            no_wrap=columns[number] not in folds or not console.is_terminal,
            overflow="fold",
        )
    for row in rows:
        table.add_row(*(show(row[number]) for number in kept))
    console.print(table)


def _width(
    columns: Sequence[str], rows: Sequence[Sequence[object]], folds: Sequence[str], without: Sequence[str]
) -> int:
    """Return how wide a table is, with columns that fold at no more than ``FOLDED``."""
    total = 0
    for number, column in enumerate(columns):
        if column not in without:
            longest = max(len(plain(column)), *(len(show(row[number])) for row in rows), 0)
            total += 2 + (min(longest, FOLDED) if column in folds else longest)
    return total - 2


def show(value: object) -> str:
    """Return a value as a table shows it."""
    return "-" if value is None else plain(words.number(value))
