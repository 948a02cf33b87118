"""``volopt data check``: what a data directory holds and what is wrong with it."""

from pathlib import Path

import click

from volopt.cli import options
from volopt.cli.output import print_json
from volopt.cli.provider_report import facts, print_report


@click.command("check", epilog="Example: volopt data check ~/.qlib/qlib_data/cn_data SH600000")
@click.argument("directory", type=click.Path(path_type=Path))
@click.argument("instrument", required=False)
@options.as_json
def command(directory: Path, instrument: str | None, as_json: bool) -> int:
    """Show what the qlib provider DIRECTORY holds, or its INSTRUMENT; fails only if it cannot be read."""
    from volopt.data.check import check_provider

    report = check_provider(directory, instrument)
    if as_json:
        print_json(facts(report))
    else:
        print_report(report, alone=instrument is not None)
    return 0 if report.readable else 1
