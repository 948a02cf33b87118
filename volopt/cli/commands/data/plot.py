"""Define ``volopt data plot``."""

from datetime import datetime
from pathlib import Path

import click

from volopt.cli.figure_files import check_size, figure_options, file_format, warn_if_matplotlib, write
from volopt.cli.options import DAY, PATH
from volopt.cli.output import warn_if_synthetic
from volopt.figures.drawing.files import Format
from volopt.figures.drawing.layout import Size


@click.command("plot", epilog="Example: volopt data plot ~/.qlib/qlib_data/cn_data SH600000 --from 2010-01-01")
@click.argument("source", type=PATH)
@click.argument("instrument")
@click.option("--from", "first", type=DAY, metavar="DATE", help="First day; by default the first of the data.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="Last day; by default the last of the data.")
@figure_options
@click.option("--out", type=PATH, metavar="FILE", help="By default INSTRUMENT-market.FORMAT.")
def command(
    source: Path,
    instrument: str,
    first: datetime | None,
    last: datetime | None,
    form: Format | None,
    size: Size,
    out: Path | None,
) -> None:
    """Draw volume and close of INSTRUMENT: both min-max scaled, and each in its own units.

    SOURCE is a qlib provider directory, or a CSV file with the columns datetime, $close and $volume.
    """
    from volopt.data.bins import spelled
    from volopt.data.frame import load_frames
    from volopt.figures import market

    kind = file_format(form, out)
    check_size(kind, size)
    directory, files = (source.parent, [source.name]) if source.is_file() else (source, [])
    days = (day.date() if day else None for day in (first, last))
    (frame,), data_source = load_frames(directory, instrument, market.COLUMNS, *days, files=files)
    path = out or Path(f"{spelled(instrument)}-market.{kind}")
    drawn_by = write({path: market.chart(frame, data_source)}, kind, size)
    warn_if_synthetic(data_source.synthetic)
    click.echo(path)
    warn_if_matplotlib(drawn_by)
