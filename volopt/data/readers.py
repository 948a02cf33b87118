"""The readers of a provider directory: qlib where it is installed, else the native one with the same numbers.

Each takes a provider, an instrument, expressions and rows that ``Provider.check`` has passed, and gives
one float64 column an expression (days, expressions), named by its canonical text.
"""

from collections.abc import Callable, Sequence

import pandas as pd

from volopt.data import native, qlib_reader
from volopt.data.provider import Provider, Rows
from volopt.definition.expressions import Expression

Reader = Callable[[Provider, str, Sequence[Expression], Rows], pd.DataFrame]

READERS: dict[str, Reader] = {"qlib": qlib_reader.read, "native": native.read}


def default() -> str:
    """The name of the reader that this machine has."""
    return "qlib" if qlib_reader.available() else "native"
