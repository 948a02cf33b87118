"""Figures as files: in which format, and written by whom."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.errors import UsageError
from volopt.figures.drawing.files import FORMATS, Format

if TYPE_CHECKING:
    from volopt.figures.chart import Chart


def format_of(asked: Format | None, out: Path | None) -> Format:
    """Return the format asked for, else that of the file's name, else html.

    Raises:
        UsageError: the file's name says another one, or none that there is.
    """
    said = out.suffix.removeprefix(".").lower() if out else ""
    named = next((form for form in FORMATS if form == said), None)
    if asked is not None and named not in (None, asked):
        raise UsageError(f"--format {asked} and the name {out} contradict each other", "leave one of them out")
    if asked is None and said and named is None:
        raise UsageError(f"{out} names no format of figures", f"end it with .{', .'.join(FORMATS)}, or add --format")
    return asked or named or "html"


def write(charts: Mapping[Path, "Chart"], form: Format) -> str:
    """Write each chart whole, and return the name of the program that drew them."""
    from volopt.figures.drawing.files import renderer
    from volopt.storage.files import write_whole

    with renderer(form) as render:
        for path, chart in charts.items():
            write_whole(path, render(chart), "--out")
        return render.drawn_by


def tell(drawn_by: str) -> None:
    """Say so where figures look otherwise than in the browser."""
    if drawn_by == "matplotlib":
        click.echo("Drawn by matplotlib: plotly's pictures need kaleido (`volopt[images]`) and Chrome or Chromium.")
