"""``volopt data plot``: the market behind a study."""

from datetime import datetime
from pathlib import Path

import click

from volopt.cli.figure_files import format_of, tell, write
from volopt.cli.output import SYNTHETIC
from volopt.figures.drawing.files import FORMATS, Format

DAY = click.DateTime(["%Y-%m-%d"])


@click.command("plot", epilog="Example: volopt data plot ~/.qlib/qlib_data/cn_data SH600000 --from 2010-01-01")
@click.argument("source", type=click.Path(path_type=Path))
@click.argument("instrument")
@click.option("--from", "first", type=DAY, metavar="DATE", help="First day; else the data's own.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="Last day; else the data's own.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="Else that of --out, or html.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Else INSTRUMENT-market.FORMAT.")
def command(
    source: Path,
    instrument: str,
    first: datetime | None,
    last: datetime | None,
    form: Format | None,
    out: Path | None,
) -> None:
    """Draw volume against close of INSTRUMENT: both from 0 to 1, and each in its own units.

    SOURCE is a qlib provider directory, or a CSV file with the columns datetime, $close and $volume.
    """
    from volopt.data.frame import load_frames
    from volopt.figures import market

    kind = format_of(form, out)
    is_file = source.is_file()
    (frame,), origin = load_frames(
        source.parent if is_file else source,
        instrument,
        market.COLUMNS,
        first.date() if first else None,
        last.date() if last else None,
        files=[source.name] if is_file else [],
    )
    path = out or Path(f"{instrument}-market.{kind}")
    drawn_by = write({path: market.chart(frame, origin)}, kind)
    if origin.synthetic:
        click.echo(SYNTHETIC)
    click.echo(path)
    tell(drawn_by)
