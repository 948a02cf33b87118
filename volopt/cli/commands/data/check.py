"""Define ``volopt data check``."""

from pathlib import Path

import click

from volopt.cli import options
from volopt.cli.data_reports import print_provider, provider_facts
from volopt.cli.output import print_json


@click.command("check", epilog="Example: volopt data check ~/.qlib/qlib_data/cn_data SH600000")
@click.argument("directory", type=options.PATH)
@click.argument("instrument", required=False)
@options.as_json
def command(directory: Path, instrument: str | None, as_json: bool) -> int:
    """Show the content, the problems and the doubtful days of the qlib provider DIRECTORY, or of its INSTRUMENT.

    The exit code is 1 only if it cannot be read.
    """
    from volopt.data.check import check_provider

    report = check_provider(directory, instrument)
    if as_json:
        print_json(provider_facts(report))
    else:
        print_provider(report, each_doubt=instrument is not None)
    return 0 if report.readable else 1
