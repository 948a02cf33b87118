"""What is in a data directory, as facts and in words."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli.output import SYNTHETIC, print_table

if TYPE_CHECKING:
    from volopt.data.check import ProviderReport


def facts(report: "ProviderReport") -> dict[str, object]:
    """Return all of a report for a program."""
    return asdict(report) | {"readable": report.readable, "synthetic": _synthetic(report)}


def print_report(report: "ProviderReport", alone: bool = False, most: int | None = None) -> None:
    """Print a report.

    Args:
        report: of a directory.
        alone: whether it is of one instrument, whose doubts are then told one by one.
        most: instruments and problems to print, where ``volopt data check`` has them all; None means every one.
    """
    from volopt.data.quality import doubts

    if _synthetic(report):
        click.echo(SYNTHETIC)
    if report.first:
        click.echo(f"{report.directory}: {report.days} days from {report.first} to {report.last}")
    rows = [(i.name, i.first, i.last, i.trade_days, i.no_trade_days) for i in report.instruments]
    if rows:
        print_table(["instrument", "from", "to", "days with trade", "without"], rows[:most])
        _print_rest(len(rows), "instruments", most)
    lines = [line for each in report.instruments for line in doubts(each.gaps, each.outliers)]
    if alone:
        click.echo("".join(f"  {line}\n" for line in lines), nl=False)
    elif lines:
        click.echo(f"{len(lines)} gaps and doubtful days; name an instrument to see them.")
    for problem in report.problems[:most]:
        click.echo(f"Problem: {problem}")
    _print_rest(len(report.problems), "problems", most)


def _print_rest(count: int, what: str, most: int | None) -> None:
    if most is not None and count > most:
        click.echo(f"... and {count - most} more {what}; volopt data check shows them all.")


def _synthetic(report: "ProviderReport") -> bool:
    from volopt.data.bins import SYNTHETIC as MARKER

    return (Path(report.directory) / MARKER).is_file()
