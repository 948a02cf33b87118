"""``volopt report``: one HTML file about a study."""

from pathlib import Path

import click

from volopt.cli import options
from volopt.cli.output import SYNTHETIC, print_json


@click.command("report", epilog="Example: volopt report grid --out grid.html")
@click.argument("name")
@click.option(
    "--out", type=click.Path(path_type=Path), metavar="FILE", help="The file to write; else NAME-report.html."
)
@options.storage
@options.as_json
def command(name: str, out: Path | None, storage: str, as_json: bool) -> None:
    """Write the report of the study NAME as one HTML file, which needs no other file and no network.

    A file that is there is replaced. Studies that are being run, or have failed, have a report too.
    """
    from volopt.cli.opening import open_storage
    from volopt.report.page import page
    from volopt.storage.artifacts import artifacts_of
    from volopt.storage.files import write_whole
    from volopt.studies.study import data_of, find

    opened = open_storage(storage)
    study, definition = find(opened, name)
    content = page(study, definition, artifacts_of(opened)).encode()
    path = out or Path(f"{name}-report.html")
    write_whole(path, content, "--out")
    if as_json:
        print_json({"study": name, "path": path, "bytes": len(content)})
        return
    if data_of(study)["synthetic"]:
        click.echo(SYNTHETIC)
    click.echo(f"{path}: {len(content) / 1e6:.1f} MB; open it in a browser.")
