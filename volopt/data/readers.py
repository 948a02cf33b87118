"""The readers of a provider directory: qlib where it is installed, else the native one with the same numbers.

Each takes a provider, an instrument, expressions and rows that ``Provider.check`` has passed, and gives
one float64 column an expression (days, expressions), named by its canonical text.
"""

from collections.abc import Callable, Sequence

import pandas as pd

from volopt.data import native, qlib_reader
from volopt.data.provider import DAYS_TO_NEXT, CalendarRows, Provider
from volopt.definition.expressions import Expression

Reader = Callable[[Provider, str, Sequence[Expression], CalendarRows], pd.DataFrame]


def _qlib(provider: Provider, instrument: str, expressions: Sequence[Expression], rows: CalendarRows) -> pd.DataFrame:
    """Read with qlib, but for what stands on the calendar's own field, which qlib does not have."""
    ours = [each for each in expressions if DAYS_TO_NEXT in each.fields]
    theirs = [each for each in expressions if DAYS_TO_NEXT not in each.fields]
    tables = [qlib_reader.read(provider, instrument, theirs, rows)] if theirs else []
    return pd.concat([*tables, native.read(provider, instrument, ours, rows)], axis=1) if ours else tables[0]


READERS: dict[str, Reader] = {"qlib": _qlib, "native": native.read}


def default() -> str:
    """The name of the reader that this machine has."""
    return "qlib" if qlib_reader.available() else "native"
