"""Printing: tables for people, JSON for programs."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

SYNTHETIC = "SYNTHETIC SAMPLE: generated data, not a market; --data DIR reads your own."


def print_json(facts: object) -> None:
    """Print facts as one line of JSON; dates and paths become text."""
    click.echo(json.dumps(facts, allow_nan=False, default=str))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]], title: str = "") -> None:
    """Print a table: drawn on a terminal, plain columns otherwise."""
    console = Console()
    table = Table(title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for number, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[number], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", no_wrap=not console.is_terminal)
    for row in rows:
        table.add_row(*(show(cell) for cell in row))
    if not console.is_terminal:
        console.width = 10_000  # never cut what a file or a pipe receives
    console.print(table)


def show(value: object) -> str:
    """Return a value as a table shows it."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return "-" if value is None else str(value)


def show_params(params: Mapping[str, Any]) -> str:
    """Return parameters in one line."""
    return " ".join(f"{name}={show(value)}" for name, value in params.items())
