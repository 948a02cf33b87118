"""Refuse a file of which a part would be lost: values that volopt cannot read are never a random sample."""

import re

import numpy as np
import pandas as pd

from volopt.data.importing.issues import count_cases
from volopt.data.importing.table import VendorTable
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

MAX_SHARE = 0.01  # of the values of a column that may be unreadable
_DIGITS = re.compile(r"[0-9]+")


def check_loss(
    table: VendorTable, role: str, unreadable: "pd.Series[str]", filled: int, readable: np.ndarray | None = None
) -> None:
    """Refuse a column that has too many unreadable texts, or one that may be its largest number.

    Args:
        table: the file.
        role: of the column.
        unreadable: the texts.
        filled: how many values the column has, readable or not.
        readable: the numbers of the column; None for days.

    Raises:
        DataError: a part would be lost.
    """
    texts = [shortened(text) for text in unreadable]
    largest = max(map(_size, texts), default=0.0)
    large = readable is not None and largest > 0 and largest >= np.nanmax(readable, initial=0.0)
    if len(texts) <= MAX_SHARE * filled and not large:
        return
    (examples,) = count_cases("", map(repr, dict.fromkeys(texts)))
    reason = ", which may be its largest" if large and len(texts) <= MAX_SHARE * filled else ""
    kind, name = "days" if role == "date" else "numbers", shortened(table.layout.names[role])
    message = f"{table.source} has {len(texts)} of {filled} values in column {name!r} that are no {kind}{reason}"
    hint = f"correct {', '.join(examples.examples)}; --skip-bad leaves them out"
    raise DataError(message, hint)


def check_codes(table: VendorTable, without: int, filled: int) -> None:
    """Refuse a table in which too many of the filled rows have no code, as where cells of Excel are merged.

    Raises:
        DataError: a part would be lost.
    """
    if without > MAX_SHARE * filled:
        message = f"{table.source} has {without} of {filled} rows without a code"
        raise DataError(message, "write the code on each row; --skip-bad leaves the others out")


def _size(text: str) -> float:
    """Return the number that the digits of a text are, as large as can be where a unit may follow them."""
    digits = "".join(_DIGITS.findall(text))
    if "inf" in text.lower() or (digits and text.strip()[-1].isalpha()):
        return np.inf
    return float(digits or 0)
