"""Instruments by name: from a vendor's code, or from the name of a file."""

import re
from pathlib import Path

from volopt.data.bins import is_instrument_name
from volopt.definition.plain import shortened
from volopt.errors import DataError

_EXCHANGES = {"SH": "SH", "SS": "SH", "XSHG": "SH", "SZ": "SZ", "XSHE": "SZ", "BJ": "BJ"}
_BEFORE = re.compile(r"(SH|SZ|BJ)[._]?([0-9]{6})")
_AFTER = re.compile(r"([0-9]{6})[._](SH|SS|XSHG|SZ|XSHE|BJ)")
_ENDINGS = {".csv", ".txt", ".gz", ".parquet", ".pq", ".tsv"}


def instrument_name(code: str, source: str) -> str:
    """The name of an instrument in the provider.

    Chinese codes are spelt as qlib does, ``sh.600000`` and ``600000.SH`` as ``SH600000``; others stay as they are.

    Raises:
        DataError: it cannot be the name of an instrument.
    """
    text = code.strip()
    if match := _BEFORE.fullmatch(text.upper()):
        return f"{match[1]}{match[2]}"
    if match := _AFTER.fullmatch(text.upper()):
        return f"{_EXCHANGES[match[2]]}{match[1]}"
    if not is_instrument_name(text) or len(text) > 60:
        hint = "names are of letters, digits and ^._=-; --instrument gives a file without a code column another one"
        raise DataError(f"{source} has {shortened(text)!r} where the code of an instrument belongs", hint)
    return text


def is_chinese(name: str) -> bool:
    """Whether it is a code of Shanghai, Shenzhen or Beijing, in qlib's spelling."""
    return _BEFORE.fullmatch(name) is not None


def of_file(path: Path) -> str:
    """The instrument that a file's name says: ``INFY`` of ``INFY.csv.gz``.

    Raises:
        DataError: the file's name without its endings is no name of an instrument.
    """
    name = path.name
    while Path(name).suffix.lower() in _ENDINGS:
        name = Path(name).stem
    try:
        return instrument_name(name, str(path))
    except DataError as error:
        message = f"{path} has no code column, and its name is no name of an instrument"
        raise DataError(message, "name the instrument with --instrument") from error
