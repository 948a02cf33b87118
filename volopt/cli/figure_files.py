"""Write figures as files."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.errors import UsageError
from volopt.figures.drawing.files import FORMATS, Format

if TYPE_CHECKING:
    from volopt.figures.chart import Chart


figure_format = click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Format of the figures; default: that of --out, or html."
)


def file_format(option: Format | None, out: Path | None) -> Format:
    """Return the format of ``--format``, or that of the file name, or html.

    Raises:
        UsageError: the file name has another format, or an unknown one.
    """
    suffix = out.suffix.removeprefix(".").lower() if out else ""
    of_name = next((form for form in FORMATS if form == suffix), None)
    if option is not None and of_name not in (None, option):
        raise UsageError(f"--format {option} and the file name {out} contradict each other", "remove one of them")
    if option is None and suffix and of_name is None:
        raise UsageError(f"{out} names no format of figures", f"end it with .{', .'.join(FORMATS)}, or add --format")
    return option or of_name or "html"


def write(charts: Mapping[Path, "Chart"], form: Format) -> str:
    """Write each chart, and return the name of the program that drew them."""
    from volopt.figures.drawing.files import renderer
    from volopt.storage.files import write_whole

    with renderer(form) as (drawn_by, draw):
        for path, chart in charts.items():
            write_whole(path, draw(chart), "--out")
    return drawn_by


def warn_if_matplotlib(drawn_by: str) -> None:
    """Say that figures look different from those in the browser."""
    if drawn_by == "matplotlib":
        click.echo("Drawn by matplotlib: plotly's pictures need kaleido (`volopt[images]`) and Chrome or Chromium.")
