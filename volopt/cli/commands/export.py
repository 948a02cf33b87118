"""``volopt export``: write a study as tables for other programs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli import completion, options
from volopt.cli.output import print_json, print_table, warn_if_synthetic

if TYPE_CHECKING:
    from volopt.export.export import Export


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

    view = options.open_study(storage, name)
    directory = out or Path(f"{name}-export")
    exported = export(view.study, view.definition, view.artifacts, directory, format, force=force)
    if as_json:
        files = {table: file._asdict() for table, file in exported.files.items()}
        print_json({"study": name, "synthetic": view.synthetic, "files": files})
    else:
        warn_if_synthetic(view.synthetic)
        rows = [(table, file.rows, file.path) for table, file in exported.files.items()]
        print_table(["table", "rows", "file"], rows)
        path = str(exported.files["predictions"].path)
        dates = ', parse_dates=["date"]' if format == "csv" else ""
        click.echo(f'Load one in Python: pandas.read_{format}("{path}"{dates})')
    _warn(exported)


def _warn(exported: "Export") -> None:
    if exported.unread:
        click.echo(
            "The export leaves out the curves and forecasts of these trials, which are missing, damaged or of an older "
            f"volopt: {', '.join(map(str, exported.unread))}.\n"
            "Hint: run the study again under another --name: it reuses the stored fits and writes the files anew.",
            err=True,
        )
    if exported.without_baselines:
        click.echo(
            "The export leaves out the baselines' forecasts of these day_sets, which are missing: "
            f"{', '.join(map(str, exported.without_baselines))}.",
            err=True,
        )
