"""``volopt data check``: what a data directory holds and what is wrong with it."""

from dataclasses import asdict
from pathlib import Path

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json, print_table


@click.command("check", epilog="Example: volopt data check ~/.qlib/qlib_data/cn_data SH600000")
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("instrument", required=False)
@options.as_json
def command(directory: Path, instrument: str | None, as_json: bool) -> int:
    """Show what the qlib provider DIRECTORY holds, or its INSTRUMENT; fails only if it cannot be read."""
    from volopt.data.bins import SYNTHETIC as MARKER
    from volopt.data.check import check_provider
    from volopt.data.quality import doubts

    report = check_provider(directory, instrument)
    synthetic = (directory / MARKER).is_file()
    if as_json:
        facts = asdict(report) | {"readable": report.readable, "synthetic": synthetic}
        print_json(facts)
        return 0 if report.readable else 1
    if synthetic:
        click.echo(SYNTHETIC)
    if report.first:
        click.echo(f"{directory}: {report.days} days from {report.first} to {report.last}")
    rows = [(i.name, i.first, i.last, i.trade_days, i.no_trade_days) for i in report.instruments]
    if rows:
        print_table(["instrument", "from", "to", "days with trade", "without"], rows)
    lines = [line for each in report.instruments for line in doubts(each.gaps, each.outliers)]
    if instrument:
        click.echo("".join(f"  {line}\n" for line in lines), nl=False)
    elif lines:
        click.echo(f"{len(lines)} gaps and doubtful days; name an instrument to see them.")
    for problem in report.problems:
        click.echo(f"Problem: {problem}")
    return 0 if report.readable else 1
