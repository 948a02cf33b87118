"""Write figures as files."""

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from volopt.cli.options import Command
from volopt.cli.output import say
from volopt.errors import UsageError
from volopt.figures.drawing.files import DEFAULT_SIZE, FORMATS, PICTURES, Format
from volopt.figures.drawing.layout import Size

if TYPE_CHECKING:
    from volopt.figures.chart import Chart


def figure_options(command: Command) -> Command:
    """Add the options of figures to a command, which has the parameters ``form`` and ``size``."""

    @functools.wraps(command)
    def sized(*args: Any, width: float, font_size: float, dpi: float, **others: Any) -> Any:
        return command(*args, size=Size(width, font_size, dpi), **others)

    with_options: Any = sized
    for option in reversed(_OPTIONS):  # the last one stands first in --help
        with_options = option(with_options)
    chosen: Command = with_options
    return chosen


def _size(flag: str, unit: str, ends: tuple[float, float], default: float, help: str) -> Any:
    kind = click.FloatRange(*ends)
    return click.option(flag, type=kind, metavar=unit, default=default, show_default=True, help=help)


_OPTIONS = (
    click.option(
        "--format", "form", type=click.Choice(FORMATS), help="Format of the figures; default: that of --out, or html."
    ),
    _size("--width", "CM", (5, 100), DEFAULT_SIZE.width, "Width of a picture, such as 8.5 for a column of a paper."),
    _size("--font-size", "POINTS", (4, 40), DEFAULT_SIZE.font_size, "Letters of a picture."),
    _size("--dpi", "PIXELS", (50, 1200), DEFAULT_SIZE.dpi, "Resolution of a PNG, in pixels per inch."),
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


def check_size(form: Format, size: Size) -> None:
    """Raise UsageError if a size is given for a format that has none."""
    if size != DEFAULT_SIZE and form not in PICTURES:
        raise UsageError(
            f"--width, --font-size and --dpi are for pictures, and {form} is none", f"add --format {PICTURES[0]}"
        )


def write(charts: Mapping[Path, "Chart"], form: Format, size: Size) -> str:
    """Write each chart, and return the name of the program that drew them."""
    from volopt.figures.drawing.files import renderer
    from volopt.storage.files import write_whole

    with renderer(form, size) as (drawn_by, draw):
        for path, chart in charts.items():
            write_whole(path, draw(chart), "--out")
    return drawn_by


def warn_if_matplotlib(drawn_by: str) -> None:
    """Say that figures look different from those in the browser."""
    if drawn_by == "matplotlib":
        say("Drawn by matplotlib: plotly's pictures need kaleido (`volopt[images]`) and Chrome or Chromium.")
