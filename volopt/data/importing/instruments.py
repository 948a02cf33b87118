"""Name instruments by a vendor's code, or by the name of a file."""

import re
from pathlib import Path

from volopt.data.bins import is_instrument_name
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

MAX_LENGTH = 60  # characters of a name
_EXCHANGES = {"SH": "SH", "SS": "SH", "XSHG": "SH", "SZ": "SZ", "XSHE": "SZ", "BJ": "BJ"}
_EXCHANGE_FIRST = re.compile(r"(SH|SZ|BJ)[._]?([0-9]{6})")
_EXCHANGE_LAST = re.compile(r"([0-9]{6})[._](SH|SS|XSHG|SZ|XSHE|BJ)")
_FILE_SUFFIXES = {".csv", ".txt", ".tsv", ".gz", ".zip", ".parquet", ".pq", ".xlsx"}


def instrument_name(code: str, source: str) -> str:
    """Return the name of an instrument in the provider.

    Chinese codes are spelt as qlib does, ``sh.600000`` and ``600000.SH`` as ``SH600000``; others do not change, but for
    the mark before the codes of a spreadsheet, ``'600000``.

    Raises:
        DataError: the code cannot be the name of an instrument.
    """
    text = code.strip().removeprefix("'")
    text = text.removesuffix(".0") if text.removesuffix(".0").isdigit() else text  # pandas, where a code is missing
    if match := _EXCHANGE_FIRST.fullmatch(text.upper()):
        return f"{match[1]}{match[2]}"
    if match := _EXCHANGE_LAST.fullmatch(text.upper()):
        return f"{_EXCHANGES[match[2]]}{match[1]}"
    if not is_instrument_name(text) or len(text) > MAX_LENGTH:
        hint = "write codes with letters, digits and ^._=-&/+:@#$*!'()%"
        raise DataError(f"{source} has {shortened(text)!r} where the code of an instrument belongs", hint)
    return text


def is_chinese(name: str) -> bool:
    """Return whether a name is a code of Shanghai, Shenzhen or Beijing, in qlib's spelling."""
    return _EXCHANGE_FIRST.fullmatch(name) is not None


def instrument_of_file(file: str, source: str) -> str:
    """Return the instrument that the name of a file gives: ``INFY`` of ``INFY.csv.gz``.

    Raises:
        DataError: the file's name without its suffixes is not the name of an instrument.
    """
    name = file
    while Path(name).suffix.lower() in _FILE_SUFFIXES:
        name = Path(name).stem
    try:
        return instrument_name(name, source)
    except DataError as error:
        message = f"{source} has no code column, and its file name is not an instrument name"
        raise DataError(message, "name the instrument with --instrument") from error
