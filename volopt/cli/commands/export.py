"""``volopt export``: write a study as tables for other programs."""

from pathlib import Path

import click

from volopt.cli import completion, options
from volopt.cli.output import print_json, print_table, say, warn_if_synthetic


@click.command("export", epilog="Examples: volopt export grid    volopt export grid --format parquet --out tables")
@click.argument("name", shell_complete=completion.studies)
@click.option(
    "--format", type=click.Choice(["csv", "parquet"]), default="csv", show_default=True, help="Format of the files."
)
@click.option("--out", type=options.PATH, metavar="DIR", help="Directory to write; default: NAME-export.")
@click.option("--force", is_flag=True, help="Replace existing files.")
@options.storage
@options.as_json
def command(name: str, format: str, out: Path | None, force: bool, storage: str, as_json: bool) -> None:
    """Write trials, seeds, curves, gradients, predictions and instruments of the study NAME, one file each.

    The numbers are exactly those of `volopt trials NAME --json`. The table predictions includes the baselines'
    forecasts; instruments has the scores of each trial's mean forecast on each instrument.
    """
    from volopt.export.export import export
    from volopt.storage.lock import file_name

    view = options.open_study(storage, name, any_name=True)
    directory = out or Path(f"{file_name(view.name)}-export")
    exported = export(view.study, view.definition, view.artifacts, directory, format, force=force)
    if as_json:
        files = {table: file._asdict() for table, file in exported.files.items()}
        print_json({"study": view.name, "synthetic": view.synthetic, "files": files})
    else:
        warn_if_synthetic(view.synthetic)
        rows = [(table, file.rows, file.path) for table, file in exported.files.items()]
        print_table(["table", "rows", "file"], rows)
        path = str(exported.files["predictions"].path)
        dates = ', parse_dates=["date"]' if format == "csv" else ""
        click.echo(f'Load one in Python: pandas.read_{format}("{path}"{dates})')  # a line to copy, which stays whole
    for sentence in exported.missing.sentences():
        say(sentence, err=True)
