"""Import the rows of a pandas DataFrame, which go through the same checks as those of a file."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from volopt.data.importing.columns import find_columns
from volopt.data.importing.header import find_header
from volopt.data.importing.importing import ImportReport, import_files
from volopt.data.importing.options import ImportOptions
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

NAME = "the frame"


def import_frame(frame: pd.DataFrame, directory: Path, instrument: str | None) -> ImportReport:
    """Import daily rows into a provider directory, as ``import_files`` does.

    Args:
        frame: one row a day of an instrument, with the day in a column or in the index.
        directory: to create or to extend.
        instrument: of rows without a code column; None if the rows must have one.

    Raises:
        DataError: a column is missing, or the rows are not daily data.
    """
    rows = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    rows = rows.set_axis(list(map(str, rows.columns)), axis=1)
    header = find_header([list(rows.columns)], {})
    if not header or not header.tickers:
        layout = find_columns(list(rows.columns), {}, NAME)
        if "code" not in layout.columns and instrument is None:
            raise DataError(f"{NAME} has no column for code", "add one with the instrument of each row")
        rows = rows.iloc[:, sorted(layout.columns.values())]
    with TemporaryDirectory() as folder:
        path = Path(folder, f"{NAME}.parquet")
        try:
            rows.to_parquet(path)
        except (TypeError, ValueError) as error:  # such as a column of lists, or of numbers and texts
            message = f"{NAME} is not a table of days, numbers and texts: {shortened(str(error))}"
            raise DataError(message, "convert its columns") from error
        return import_files([path], directory, ImportOptions(instrument=instrument))
