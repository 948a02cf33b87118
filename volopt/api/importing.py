"""Import a vendor's files."""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from volopt.api import arguments
from volopt.api.arguments import AnyPath

if TYPE_CHECKING:
    from volopt.data.importing.dates import DateOrder
    from volopt.data.importing.importing import ImportReport
    from volopt.data.importing.numbers import Mark
    from volopt.data.importing.options import OnDuplicate

DATE_ORDERS = ("day-first", "month-first")
DECIMALS = (".", ",")
ON_DUPLICATE = ("last", "error")


def import_data(
    files: AnyPath | Sequence[AnyPath],
    *,
    to: AnyPath,
    instrument: str | None = None,
    map: Mapping[str, str] | None = None,
    volume_unit: str | float | None = None,
    dates: "DateOrder | None" = None,
    on_duplicate: "OnDuplicate" = "last",
    decimal: "Mark | None" = None,
    timezone: str | None = None,
    encoding: str | None = None,
    header: int | None = None,
    skip_bad: bool = False,
) -> "ImportReport":
    """Import daily files of any vendor into a qlib provider, new or to be extended.

    The arguments are the options of ``volopt data import``. The report says what was imported, dropped and doubted;
    ``pandas.DataFrame(report.instruments)`` has a row for each instrument.

    Args:
        files: one, or several: CSV, its gzip or zip, Excel or Parquet.
        to: the provider directory.
        instrument: of files without a code column; None for the file's name.
        map: the column of a field, as in {"close": "Last"}.
        volume_unit: shares, lots (of 100), thousands, or a number of shares.
        dates: what comes first in 1/4/2010: day-first or month-first.
        on_duplicate: which row of a day with different rows is kept, last, or error.
        decimal: the mark before the decimals of numbers such as 1,234, which can be read in two ways.
        timezone: of the exchange, such as Asia/Kolkata: times are converted to it; None for the day as it is written.
        encoding: of a text, such as gbk; None to find it.
        header: the line of the columns' names, from 1; None to find it.
        skip_bad: whether to leave out values that cannot be read, however many, and to keep one row of each day.

    Raises:
        UsageError: an argument is wrong.
        DataError: a file cannot be read, or the directory cannot be extended or written.
    """
    from volopt.data.importing.importing import import_files
    from volopt.data.importing.options import import_options

    if dates is not None:
        arguments.choice("dates", dates, DATE_ORDERS)
    arguments.choice("on-duplicate", on_duplicate, ON_DUPLICATE)
    if decimal is not None:
        arguments.choice("decimal", decimal, DECIMALS)
    options = import_options(
        columns=map or {},
        instrument=arguments.optional_text(instrument),
        volume_unit=volume_unit,
        dates=dates,
        on_duplicate=on_duplicate,
        decimal=decimal,
        timezone=arguments.optional_text(timezone),
        encoding=arguments.optional_text(encoding),
        header=arguments.count("header", header),
        skip_bad=skip_bad,
    )
    several = [files] if isinstance(files, str | os.PathLike) else files
    return import_files([arguments.path(file) for file in several], arguments.path(to), options)
