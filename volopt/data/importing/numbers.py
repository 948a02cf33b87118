"""Read numbers as vendors write them: ``1,234.50``, ``1.234,50``, ``12,34,567``, ``$9.50``, ``1.2M``, ``120万``.

Whether ``1,234`` is 1234 or 1.234 depends on the mark before the decimals, which ``marks`` finds for a whole column.
"""

import re
from typing import Literal

import numpy as np
import pandas as pd

Mark = Literal[".", ","]
MARKS: tuple[Mark, Mark] = (".", ",")
MAX_LENGTH = 100  # characters of a number
_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]{1,3})?|[+-]?inf(inity)?", re.I | re.A)
_CURRENCY = r"[$¥€£₹元]?"
_UNITS = {
    **{"": 1.0, "K": 1e3, "M": 1e6, "MN": 1e6, "B": 1e9, "BN": 1e9},
    **{"千": 1e3, "万": 1e4, "萬": 1e4, "百万": 1e6, "千万": 1e7, "亿": 1e8, "億": 1e8, "万亿": 1e12},
}
_GROUPED = re.compile(
    rf"([+-]?){_CURRENCY} ?"
    r"([1-9][0-9]{0,2}(?:,[0-9]{2,3})*,[0-9]{3}|[1-9][0-9]{0,2}([ '’\u00a0\u2009\u202f])[0-9]{3}(?:\3[0-9]{3})*|[0-9]*)"
    rf"(\.[0-9]*)? ?({'|'.join(sorted(_UNITS, key=len, reverse=True))}) ?{_CURRENCY}"
)
_MISSING = {"", "-", "--", "—", "nan", "null", "none", "n/a", "na", "#n/a", "<na>", "\\n"}
_SWAP = str.maketrans(",.", ".,")


def parse_number(text: str, decimal: Mark = ".") -> float | None:
    """Return the number that a text is, which may be infinite; NaN for a missing number, None for any other text.

    The mark that is not ``decimal`` separates thousands (a comma also hundreds of thousands, as in India).
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return None
    if text.lower() in _MISSING:
        return float("nan")
    text = text.translate(_SWAP) if decimal == "," else text
    if _PLAIN.fullmatch(text):
        return float(text)
    match = _GROUPED.fullmatch(text.upper())
    digits = re.sub(r"[^0-9]", "", match[2]) + (match[4] or "") if match else ""
    if match is None or not any(map(str.isdigit, digits)):
        return None
    return float(f"{match[1]}{digits}") * _UNITS[match[5]]


def parse_numbers(column: pd.Series, decimal: Mark = ".") -> tuple[np.ndarray, np.ndarray]:
    """Return a column as float64 (rows,), NaN where a number is missing, and a mask of the unreadable rows (rows,)."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(np.float64, na_value=np.nan), np.zeros(len(column), bool)
    codes, texts = pd.factorize(column.fillna("").astype(str))
    parsed = [parse_number(text, decimal) for text in texts]
    values = np.array([np.nan if number is None else number for number in parsed], np.float64)
    unreadable = np.array([number is None for number in parsed], bool)
    return values[codes], unreadable[codes]
