"""Numbers as vendors write them: ``1,234.50``, ``12,34,567``, ``$9.50``, ``1.2M``, ``-`` for none."""

import re

import numpy as np
import pandas as pd

_PLAIN = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
_GROUPED = re.compile(r"([+-]?)[$¥€£₹]?([0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3}|[0-9]*)(\.[0-9]*)?([KMB]?)")
_MISSING = {"", "-", "--", "—", "nan", "null", "none", "n/a", "na", "#n/a", "<na>", "\\n"}
LONGEST = 100  # characters of a number
_SCALES = {"": 1.0, "K": 1e3, "M": 1e6, "B": 1e9}


def is_missing(text: str) -> bool:
    """Whether a text says that there is no number."""
    return text.strip().lower() in _MISSING


def number(text: str) -> float | None:
    """The number that a text is, which may be infinite; NaN where it says that there is none, None if it is no number.

    Commas stand between thousands (or between hundreds of thousands, as in India), never before decimals.
    """
    text = text.strip()
    if len(text) > LONGEST:
        return None
    if is_missing(text):
        return float("nan")
    if re.fullmatch(_PLAIN, text):
        return float(text)
    if re.fullmatch("[+-]?inf(inity)?", text.lower()):
        return float(text)
    match = _GROUPED.fullmatch(text.upper())
    digits = (match[2].replace(",", "") + (match[3] or "")) if match else ""
    if match is None or not any(map(str.isdigit, digits)):
        return None
    return float(f"{match[1]}{digits}") * _SCALES[match[4]]


def numbers(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """A column as float64 (rows,), NaN where there is no number, and where it holds something that is none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(np.float64, na_value=np.nan), np.zeros(len(column), bool)
    codes, texts = pd.factorize(column.fillna("").astype(str))
    parsed = [number(text) for text in texts]
    values = np.array([np.nan if each is None else each for each in parsed], np.float64)
    wrong = np.array([each is None for each in parsed], bool)
    return values[codes], wrong[codes]
