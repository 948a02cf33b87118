"""Read what a user says about the files of an import."""

from collections.abc import Mapping

from volopt.data.importing.clean import OnDuplicate
from volopt.data.importing.columns import MAPPABLE
from volopt.data.importing.dates import DateOrder
from volopt.data.importing.importing import ImportOptions
from volopt.data.importing.instruments import instrument_name
from volopt.errors import DataError, UsageError, suggest

UNITS = {"shares": 1.0, "lots": 100.0, "thousands": 1000.0}
MAX_UNIT = 1e9  # shares


def import_options(
    columns: Mapping[str, str],
    instrument: str | None,
    volume_unit: str | float | None,
    dates: DateOrder | None,
    on_duplicate: OnDuplicate,
) -> ImportOptions:
    """Return the options of an import; the arguments are those of ``volopt data import``.

    Raises:
        UsageError: a field, the instrument or the unit is unknown.
    """
    for field, column in columns.items():
        if field not in MAPPABLE:
            raise UsageError(f"--map {field}={column}: {field} is not a field", suggest(field, MAPPABLE))
    return ImportOptions(columns, _instrument(instrument), _shares(volume_unit), dates, on_duplicate)


def _instrument(name: str | None) -> str | None:
    try:
        return None if name is None else instrument_name(name, "--instrument")
    except DataError as error:
        raise UsageError(f"--instrument {name} is not an instrument name", "write letters, digits and ^._=-") from error


def _shares(unit: str | float | None) -> float | None:
    """Return the shares in a unit of volume."""
    if unit is None:
        return None
    try:
        shares = UNITS[unit] if isinstance(unit, str) and unit in UNITS else float(unit)
    except ValueError:
        shares = 0.0
    if not 0 < shares <= MAX_UNIT:
        raise UsageError(f"--volume-unit {unit} is not a unit", f"write {', '.join(UNITS)} or a number of shares")
    return shares
