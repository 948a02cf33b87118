"""Define ``volopt data import``."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.api.importing import DATE_ORDERS, DECIMALS, ON_DUPLICATE, import_data
from volopt.cli import options
from volopt.cli.output import print_json
from volopt.errors import UsageError

if TYPE_CHECKING:
    from volopt.data.importing.dates import DateOrder
    from volopt.data.importing.numbers import Mark
    from volopt.data.importing.options import OnDuplicate


@click.command(
    "import",
    epilog="Examples:\n\n"
    "\b\nvolopt data import AAPL.csv --to my_data\n"
    "volopt data import daily/*.csv.gz --to my_data --map date=Day --map volume=Shares\n"
    "volopt data import - --to my_data --instrument AAPL < AAPL.csv",
)
@click.argument("files", nargs=-1, required=True, type=options.PATH, metavar="FILE...")
@click.option("--to", "directory", required=True, type=options.PATH, metavar="DIR", help="The provider directory.")
@click.option("--instrument", metavar="NAME", help="Of files without a code column; by default the file's name.")
@click.option(
    "--map", "columns", multiple=True, metavar="FIELD=COLUMN", help="Column of a field, as in close=Last; repeatable."
)
@click.option("--volume-unit", metavar="UNIT", help="shares, lots (of 100), thousands, or a number of shares.")
@click.option("--dates", type=click.Choice(DATE_ORDERS), help="What comes first in 1/4/2010.")
@click.option("--decimal", type=click.Choice(DECIMALS), help="The mark before decimals, where 1,234 may be 1.234.")
@click.option(
    "--timezone", metavar="ZONE", help="Of the exchange, as in Asia/Kolkata: times in UTC are converted to its days."
)
@click.option("--encoding", metavar="NAME", help="Of a text that is not UTF-8, as in gbk or cp1252.")
@click.option("--header", type=options.COUNT, metavar="LINE", help="The line with the names of the columns.")
@click.option(
    "--skip-bad",
    is_flag=True,
    help="Leave out values that cannot be read, and all but the last row of a day, however many they are.",
)
@click.option(
    "--on-duplicate",
    type=click.Choice(ON_DUPLICATE),
    default="last",
    show_default=True,
    help="Which row of a day with different rows is kept, or whether it is an error.",
)
@options.as_json
def command(
    files: tuple[Path, ...],
    directory: Path,
    instrument: str | None,
    columns: tuple[str, ...],
    volume_unit: str | None,
    dates: "DateOrder | None",
    decimal: "Mark | None",
    timezone: str | None,
    encoding: str | None,
    header: int | None,
    skip_bad: bool,
    on_duplicate: "OnDuplicate",
    as_json: bool,
) -> None:
    """Import daily files of any vendor into the qlib provider DIR, new or to be extended.

    FILE is CSV, its gzip or zip, Excel or Parquet; - is standard input. Columns are recognised by name: date, code,
    open, high, low, close, adjusted close, volume, factor. As in qlib, prices are multiplied by the factor (the factor
    column, or adjusted close / close) and volume is divided by it. volopt prints what it decides, drops and doubts.
    Newer rows extend DIR; on known days, new values replace old ones.
    """
    from volopt.cli.data_reports import print_import

    report = import_data(
        files,
        to=directory,
        instrument=instrument,
        map=_columns(columns),
        volume_unit=volume_unit,
        dates=dates,
        on_duplicate=on_duplicate,
        decimal=decimal,
        timezone=timezone,
        encoding=encoding,
        header=header,
        skip_bad=skip_bad,
    )
    if as_json:
        print_json(asdict(report))
    else:
        print_import(report)


def _columns(mappings: Sequence[str]) -> dict[str, str]:
    """Return the columns of --map by field."""
    columns: dict[str, str] = {}
    for mapping in mappings:
        field, _, column = mapping.partition("=")
        if not column:
            raise UsageError(f"--map {mapping} names no column", "write it as --map close=COLUMN")
        if field in columns:
            raise UsageError(f"--map gives {field} twice", "remove one of them")
        columns[field] = column
    return columns
