"""``volopt export``: a study as tables for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json, print_table

if TYPE_CHECKING:
    from volopt.export.export import Export


@click.command("export", epilog="Examples: volopt export grid    volopt export grid --format parquet --out tables")
@click.argument("name")
@click.option("--format", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True, help="Of the files.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="Where the files go; else NAME-export.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@options.storage
@options.as_json
def command(name: str, format: str, out: Path | None, force: bool, storage: str, as_json: bool) -> None:
    """Write trials, seeds, curves, gradients, predictions and instruments of the study NAME as tables, a file each.

    The numbers are those of volopt trials NAME --json, digit for digit. predictions holds the baselines' forecasts too,
    instruments how the mean of a trial's forecasts does on each instrument.
    """
    from volopt.cli.opening import open_storage
    from volopt.export.export import export
    from volopt.storage.artifacts import artifacts_of
    from volopt.studies.study import data_of, find

    opened = open_storage(storage)
    study, definition = find(opened, name)
    synthetic = data_of(study)["synthetic"]
    artifacts = artifacts_of(opened)
    done = export(study, definition, artifacts, out or Path(f"{name}-export"), format, force=force)
    if as_json:
        files = {table: {"path": file.path, "rows": file.rows} for table, file in done.files.items()}
        print_json({"study": name, "synthetic": synthetic, "files": files})
    else:
        if synthetic:
            click.echo(SYNTHETIC)
        print_table(["table", "rows", "file"], [(table, file.rows, file.path) for table, file in done.files.items()])
        path = str(done.files["predictions"].path)
        dates = ', parse_dates=["date"]' if format == "csv" else ""
        click.echo(f'Load one in Python: pandas.read_{format}("{path}"{dates})')
    _warn(done)


def _warn(done: "Export") -> None:
    if done.unread:
        click.echo(
            "The curves and forecasts of these trials are missing, broken or of an older volopt, and left out: "
            f"{', '.join(map(str, done.unread))}.\n"
            "Hint: run the study again under another --name: it takes the fits that are kept and writes them anew.",
            err=True,
        )
    if done.without_baselines:
        click.echo(
            "The baselines' forecasts of these day_sets are missing, and left out: "
            f"{', '.join(map(str, done.without_baselines))}.",
            err=True,
        )
