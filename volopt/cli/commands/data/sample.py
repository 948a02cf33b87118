"""``volopt data sample``: the synthetic sample."""

from pathlib import Path

import click


@click.command("sample", epilog="Example: volopt data sample my_sample --seed 1")
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the generator.")
def command(directory: Path, seed: int) -> None:
    """Write the synthetic sample into DIRECTORY, which must not be there yet."""
    from volopt.data.sample import write_sample
    from volopt.errors import UsageError

    if directory.exists():
        raise UsageError(f"{directory} is there already", "choose another directory")
    write_sample(directory, seed)
    click.echo(f"Wrote a SYNTHETIC SAMPLE to {directory}\nNext: volopt data check {directory}")
