"""Find the mark before the decimals of a file's columns, ``.`` or ``,``, from all cells of all columns together.

A cell such as ``12.5`` or ``1,234.50`` can be read in one way. Where a column has only cells such as ``1.234``, the
other columns and the separator decide: a file that is separated by semicolons, with days such as 6.1.2020, has points
between thousands, volume is a whole number, one mark is not both, and who groups the thousands of prices groups those
of volume.
volopt refuses what these do not decide.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from volopt.data.importing.numbers import MARKS, Mark, parse_number
from volopt.errors import DataError

COUNTS = ("volume", "amount")  # roles whose values are whole numbers, or many
_TWO_WAYS = re.compile(r"[^0-9.,]*[1-9][0-9]{0,2}[.,][0-9]{3}(?![0-9.,])")
_NOT_ZERO = re.compile(r"[1-9]")
_UNGROUPED = re.compile(r"[0-9]{4,}")


@dataclass(frozen=True)
class _Evidence:
    """Count the cells of a column that can be read with one mark only; ``unclear`` is a cell that can with both."""

    votes: Counter[Mark]
    unclear: str = ""
    mark: str = ""  # of the unclear cells; both if they differ
    unit: str = ""  # a cell with a unit, such as 1.2M
    ungrouped: bool = False  # whether it shows that thousands have no mark: four digits in a row, or nothing but zeros

    @property
    def decimal(self) -> Mark | None:
        """Return the mark that most cells with one reading have."""
        return self.votes.most_common(1)[0][0] if self.votes else None


def find_marks(
    columns: Mapping[str, pd.Series], separator: str, given: Mark | None, source: str, pointed_days: bool = False
) -> tuple[dict[str, Mark], list[str]]:
    """Return the decimal mark of each column, by role, and notes of those that are no points.

    Args:
        columns: by role, with one of volume.
        separator: of the file, or nothing.
        given: what the user says of cells that can be read with either mark.
        source: the file, for errors.
        pointed_days: whether days are written as 6.1.2020, as in Europe.

    Raises:
        DataError: a column can be read with either mark, and ``given`` does not say which.
    """
    found = {role: _evidence(column) for role, column in columns.items()}
    marks: dict[str, Mark] = {}
    for role, evidence in found.items():
        decimal = (
            evidence.decimal or (given if evidence.unclear else None) or _decide(role, found, separator, pointed_days)
        )
        if decimal is None and role == "amount":
            continue  # not written
        if decimal is None:
            raise _two_readings(role, evidence, source)
        marks[role] = decimal
    return marks, _notes(found, marks)


def _evidence(column: pd.Series) -> _Evidence:
    if pd.api.types.is_numeric_dtype(column.dtype):
        return _Evidence(Counter(), ungrouped=True)
    texts = [text for text in pd.unique(column.dropna().astype(str)) if text]
    votes: Counter[Mark] = Counter()
    unclear: dict[str, str] = {}  # the first cell of each mark
    for text in texts:
        if "." not in text and "," not in text:
            continue
        readable = [mark for mark in MARKS if parse_number(text, mark) is not None] if _TWO_WAYS.match(text) else []
        if len(readable) == 2:
            unclear.setdefault("." if "." in text else ",", text.strip())
        elif parse_number(text) is not None:
            votes["."] += 1
        elif parse_number(text, ",") is not None:
            votes[","] += 1
    first = next(iter(unclear.values()), "")
    unit = next((text.strip() for text in texts if _has_unit(text) and any(_finite(text, mark) for mark in MARKS)), "")
    return _Evidence(votes, first, "".join(unclear), unit, _is_ungrouped(texts))


def _is_ungrouped(texts: Sequence[str]) -> bool:
    return any(map(_UNGROUPED.search, texts)) or not any(map(_NOT_ZERO.search, texts))


def _finite(text: str, mark: Mark) -> bool:
    """Return whether a text is a number; NaN and the infinite are texts too."""
    number = parse_number(text, mark)
    return number is not None and math.isfinite(number)


def _has_unit(text: str) -> bool:
    return text.strip()[-1:].isalpha()


def _decide(role: str, found: Mapping[str, _Evidence], separator: str, pointed_days: bool) -> Mark | None:
    """Return the decimal mark of a column without a cell that shows it, or None."""
    column, volume = found[role], found["volume"]
    if not column.unclear:
        return "."
    if column.mark not in MARKS:
        return None
    mark, other = MARKS if column.mark == "." else MARKS[::-1]
    prices = _of_prices(found, separator)
    semicolon = separator == ";"
    if role in COUNTS and not _has_unit(column.unclear):
        if prices == mark:  # then the values have fractions
            return other if semicolon and pointed_days and mark == "." else None
        whole = {each.mark for name, each in found.items() if name not in COUNTS} == {""}
        return prices or (other if mark == "," and whole and separator in ("", ",") else None)
    if prices is not None:
        return prices
    if volume.decimal is not None:
        return volume.decimal if volume.decimal == mark or mark == "," else None
    if not volume.ungrouped or volume.unclear:  # the column may be of thousands
        return None
    return mark if mark == "." or semicolon else None


def _of_prices(found: Mapping[str, _Evidence], separator: str) -> Mark | None:
    """Return the decimal mark on which the columns of prices agree, or that they have beside volume's other mark."""
    prices = [each for name, each in found.items() if name not in COUNTS]
    shown = {each.decimal for each in prices} - {None}
    if shown:
        return shown.pop() if len(shown) == 1 else None
    volume, marks = found["volume"], {each.mark for each in prices} - {""}
    usual = {",": ".", ";": ","}.get(separator)  # the decimal mark of most files with this separator
    for mark, other in (MARKS, MARKS[::-1]):
        if marks == {mark} and volume.mark == other and volume.decimal is None and usual in (None, mark):
            return mark
    return None


def _two_readings(role: str, evidence: _Evidence, source: str) -> DataError:
    text = evidence.unclear
    readings = " or ".join(f"{parse_number(text, mark):.12g} (--decimal {mark})" for mark in MARKS)
    message = f"{source} has {text.strip()!r} in the column of {role.replace('_', ' ')}, which may be {readings}"
    return DataError(message, "choose --decimal . or --decimal ,")


def _notes(found: Mapping[str, _Evidence], marks: Mapping[str, Mark]) -> list[str]:
    """Say how cells were read that do not show it, and which columns have decimal commas."""
    shown = []
    for role, mark in marks.items():
        evidence = found[role]
        if role != "amount" and (mark == "," or (evidence.unclear and not evidence.votes)):
            number = parse_number(evidence.unclear, mark) if evidence.unclear else None
            example = f": {evidence.unclear} is {number:.12g}" if number is not None else ""
            shown.append(f"{role.replace('_', ' ')} {mark!r}{example}")
    notes = [f"decimal marks: {'; '.join(shown)} (--decimal changes what can be read in two ways)"] if shown else []
    units = [(role, each.unit, parse_number(each.unit, marks[role])) for role, each in found.items() if role in marks]
    notes += [f"{role} in units: {unit} is {number:.15g}" for role, unit, number in units if unit and role != "amount"]
    return notes
