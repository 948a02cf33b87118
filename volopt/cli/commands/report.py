"""``volopt report``: write one HTML file about a study."""

from pathlib import Path

import click

from volopt.cli import completion, options
from volopt.cli.output import print_json, say, warn_if_synthetic


@click.command("report", epilog="Example: volopt report grid --out grid.html")
@click.argument("name", shell_complete=completion.studies)
@click.option("--out", type=options.PATH, metavar="FILE", help="The file to write; default: NAME-report.html.")
@options.storage
@options.as_json
def command(name: str, out: Path | None, storage: str, as_json: bool) -> None:
    """Write the report of the study NAME as one HTML file that needs no other file and no network.

    An existing file is replaced. A running or failed study has a report, too.
    """
    from volopt.report.page import write_page

    view = options.open_study(storage, name)
    path = out or Path(f"{name}-report.html")
    size = write_page(view, path)
    if as_json:
        print_json({"study": name, "path": path, "bytes": size})
        return
    warn_if_synthetic(view.synthetic)
    say(f"{path}: {size / 1e6:.1f} MB; open it in a browser.")
