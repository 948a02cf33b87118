"""Printing: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

SYNTHETIC = "SYNTHETIC SAMPLE: generated data, not a market; --data DIR reads your own."


def print_json(facts: object) -> None:
    """Print facts as one line of JSON; dates and paths become text."""
    click.echo(json.dumps(facts, allow_nan=False, default=str))


def print_table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "", optional: Sequence[str] = ()
) -> None:
    """Print a table: drawn on a terminal, plain columns otherwise.

    Args:
        columns: their names.
        rows: a cell a column.
        title: above the table.
        optional: columns that a terminal too narrow for the table does without, the first of them first.
    """
    console = Console()
    if not console.is_terminal:
        console.width = 10_000  # never cut what a file or a pipe receives
    dropped = 0
    while (table := _table(columns, rows, title, console, optional[:dropped])) and dropped < len(optional):
        if Measurement.get(console, console.options, table).maximum <= console.width:
            break
        dropped += 1
    console.print(table)


def _table(
    columns: Sequence[str], rows: Sequence[Sequence[object]], title: str, console: Console, without: Sequence[str]
) -> Table:
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    kept = [number for number, column in enumerate(columns) if column not in without]
    for number in kept:
        numeric = any(isinstance(row[number], float) for row in rows) or (
            bool(rows) and all(isinstance(row[number], int) for row in rows)
        )
        table.add_column(columns[number], justify="right" if numeric else "left", no_wrap=not console.is_terminal)
    for row in rows:
        table.add_row(*(show(row[number]) for number in kept))
    return table


def show(value: object) -> str:
    """Return a value as a table shows it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)


def show_params(params: Mapping[str, Any]) -> str:
    """Return parameters in one line."""
    return " ".join(f"{name}={show(value)}" for name, value in params.items())
