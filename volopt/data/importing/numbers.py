"""Read numbers as vendors write them: ``1,234.50``, ``12,34,567``, ``$9.50``, ``1.2M``, ``-`` for none."""

import re

import numpy as np
import pandas as pd

_PLAIN = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?|[+-]?inf(inity)?", re.I | re.A)
_GROUPED = re.compile(r"([+-]?)[$¥€£₹]?([0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]*)(\.[0-9]*)?([KMB]?)")
_MISSING = {"", "-", "--", "—", "nan", "null", "none", "n/a", "na", "#n/a", "<na>", "\\n"}
MAX_LENGTH = 100  # characters of a number
_SCALES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9}


def parse_number(text: str) -> float | None:
    """Return the number that a text is, which may be infinite; NaN for a missing number, None for any other text.

    Commas separate thousands (or hundreds of thousands, as in India), never decimals.
    """
    text = text.strip()
    if len(text) > MAX_LENGTH:
        return None
    if text.lower() in _MISSING:
        return float("nan")
    if _PLAIN.fullmatch(text):
        return float(text)
    match = _GROUPED.fullmatch(text.upper())
    digits = (match[2].replace(",", "") + (match[3] or "")) if match else ""
    if match is None or not any(map(str.isdigit, digits)):
        return None
    return float(f"{match[1]}{digits}") * _SCALES[match[4]]


def parse_numbers(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Return a column as float64 (rows,), NaN where a number is missing, and a mask of the unreadable rows (rows,)."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(np.float64, na_value=np.nan), np.zeros(len(column), bool)
    codes, texts = pd.factorize(column.fillna("").astype(str))
    parsed = [parse_number(text) for text in texts]
    values = np.array([np.nan if number is None else number for number in parsed], np.float64)
    unreadable = np.array([number is None for number in parsed], bool)
    return values[codes], unreadable[codes]
