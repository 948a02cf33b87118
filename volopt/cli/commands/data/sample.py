"""Define ``volopt data sample``."""

from pathlib import Path

import click

from volopt.cli.options import PATH
from volopt.errors import UsageError


@click.command("sample", epilog="Example: volopt data sample my_sample --seed 1")
@click.argument("directory", type=PATH)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the generator.")
def command(directory: Path, seed: int) -> None:
    """Write the synthetic sample to DIRECTORY, which must not exist yet."""
    from volopt.data.sample import write_sample

    if directory.exists():
        raise UsageError(f"{directory} already exists", "choose another directory")
    write_sample(directory, seed)
    click.echo(f"Wrote a SYNTHETIC SAMPLE to {directory}\nNext: volopt data check {directory}")
