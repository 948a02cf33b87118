"""``volopt data import``: a vendor's daily files as a qlib provider."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from volopt.cli import options
from volopt.cli.output import print_json
from volopt.errors import DataError, UsageError, suggest

if TYPE_CHECKING:
    from volopt.data.importing.clean import OnDuplicate
    from volopt.data.importing.dates import Order

UNITS = {"shares": 1.0, "lots": 100.0, "thousands": 1000.0}
LARGEST = 1e9  # shares that a unit may be


@click.command(
    "import",
    epilog="Examples:\n\n"
    "\b\nvolopt data import AAPL.csv --to my_data\n"
    "volopt data import daily/*.csv.gz --to my_data --map date=Day --map volume=Shares",
)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE...")
@click.option("--to", "directory", required=True, type=click.Path(path_type=Path), metavar="DIR", help="The provider.")
@click.option("--instrument", metavar="NAME", help="For files without a column of codes; else the file's name.")
@click.option("--map", "columns", multiple=True, metavar="WHAT=COLUMN", help="The column that holds it; repeatable.")
@click.option("--volume-unit", default=None, metavar="UNIT", help="shares, lots (of 100), thousands or a number.")
@click.option("--dates", type=click.Choice(["day-first", "month-first"]), help="What comes first in 1/4/2010.")
@click.option(
    "--on-duplicate",
    type=click.Choice(["last", "error"]),
    default="last",
    show_default=True,
    help="What becomes of a day that stands there twice with differing values.",
)
@options.as_json
def command(
    files: tuple[Path, ...],
    directory: Path,
    instrument: str | None,
    columns: tuple[str, ...],
    volume_unit: str | None,
    dates: "Order | None",
    on_duplicate: "OnDuplicate",
    as_json: bool,
) -> None:
    """Import daily files of any vendor, CSV, gzip or Parquet, into the qlib provider DIR, or extend the one there.

    Columns are recognised by name: date, code, open, high, low, close, adjusted close, volume, factor. Prices are
    written times the factor (adjusted close / close, or the factor's column), and volume divided by it, as qlib has
    them. What is dropped or doubtful is told. Importing newer rows extends; where a day is known, new values win.
    """
    from volopt.cli.import_lines import print_report
    from volopt.data.importing.importing import ImportOptions, import_files

    said = ImportOptions(_columns(columns), _instrument(instrument), _shares(volume_unit), dates, on_duplicate)
    report = import_files(files, directory, said)
    if as_json:
        print_json(asdict(report))
    else:
        print_report(report)


def _columns(said: Sequence[str]) -> dict[str, str]:
    """The columns of --map by what they hold."""
    from volopt.data.importing.columns import MAPPED

    columns: dict[str, str] = {}
    for each in said:
        what, equals, column = each.partition("=")
        if not equals or not column:
            raise UsageError(f"--map {each} names no column", "write it as --map close=COLUMN")
        if what not in MAPPED:
            raise UsageError(f"--map {each}: {what} is nothing that is imported", suggest(what, MAPPED))
        if what in columns:
            raise UsageError(f"--map gives {what} twice", "leave one of them out")
        columns[what] = column
    return columns


def _instrument(said: str | None) -> str | None:
    from volopt.data.importing.codes import instrument_name

    try:
        return None if said is None else instrument_name(said, "--instrument")
    except DataError as error:
        raise UsageError(
            f"--instrument {said} is no name of an instrument", "write letters, digits and ^._=-"
        ) from error


def _shares(said: str | None) -> float | None:
    """How many shares a unit of volume is."""
    if said is None:
        return None
    try:
        shares = UNITS[said] if said in UNITS else float(said)
    except ValueError:
        shares = 0.0
    if not 0 < shares <= LARGEST:
        raise UsageError(f"--volume-unit {said} is no unit", f"write {', '.join(UNITS)} or how many shares it is")
    return shares
