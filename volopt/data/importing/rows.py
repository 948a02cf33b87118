"""Convert the rows of a table to raw numbers: prices as paid, volume in shares, and the factor of each day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from volopt.data.importing.columns import PRICES, ColumnLayout
from volopt.data.importing.dates import DateOrder, parse_days
from volopt.data.importing.instruments import instrument_name, is_chinese
from volopt.data.importing.issues import Issue, count_cases
from volopt.data.importing.numbers import parse_numbers
from volopt.data.importing.table import VendorTable
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

LOT = 100.0  # shares, in China
LOT_TOLERANCE = 0.1  # relative: the close is not the mean price of the day
NUMBERS = (*PRICES, "volume", "factor")
_HALTED = {"0", "0.0", "停牌", "halt", "halted", "suspended"}


@dataclass(frozen=True)
class ParsedRows:
    """Hold the rows of a file that have an instrument.

    ``values`` has the columns ``instrument``, ``day``, ``text`` (the file's text of the day), ``halted``, those of
    ``NUMBERS``, and ``wrong`` (the first value of the row that is not a number).
    """

    values: pd.DataFrame
    read: int  # rows of the file
    notes: tuple[str, ...]
    issues: tuple[Issue, ...]


def parse_rows(table: VendorTable, instrument: str, unit: float | None, order: DateOrder | None) -> ParsedRows:
    """Parse days, instruments and numbers.

    Args:
        table: the file.
        instrument: of all rows if the file has no code column.
        unit: shares in a unit of volume; None for the unit that the layout implies.
        order: what comes first in dates such as 1/4/2010; None if the column shows it.

    Raises:
        DataError: a code is not a name, or a needed column has no readable value.
    """
    texts = _texts(table, "date")
    values = pd.DataFrame({"day": parse_days(table.values["date"], order, table.source), "text": texts})
    if len(values) and values["day"].isna().all():
        raise _unreadable(table, "date", texts)
    values["instrument"] = _instruments(table, instrument)
    values["halted"] = _texts(table, "status").str.lower().isin(_HALTED) if "status" in table.values else False
    values = _add_numbers(table, values)
    nameless = values["instrument"] == ""
    issues = (*table.issues, *count_cases("rows without a code", values["text"][nameless]))
    named, notes = _to_raw(table, values[~nameless].reset_index(drop=True), unit)
    return ParsedRows(named, len(values), notes, issues)


def _texts(table: VendorTable, role: str) -> "pd.Series[str]":
    return table.values[role].fillna("").astype(str).str.strip()


def _instruments(table: VendorTable, instrument: str) -> Sequence[str] | str:
    if "code" not in table.values:
        return instrument
    codes, texts = pd.factorize(_texts(table, "code"))
    names = [instrument_name(text, table.source) if text else "" for text in texts]
    return list(np.array([*names, ""], object)[codes])


def _add_numbers(table: VendorTable, values: pd.DataFrame) -> pd.DataFrame:
    """Add a column a role, NaN where there is no number, and the column ``wrong``."""
    wrong = np.full(len(values), "", object)
    for role in (*NUMBERS, "adjusted_close", "amount"):
        if role not in table.values:
            continue
        column = table.values[role]
        values[role], unreadable = parse_numbers(column)
        if role == "amount":
            continue  # not written
        if unreadable.any() and values[role].isna().all():
            raise _unreadable(table, role, column[unreadable])
        infinite = np.isinf(values[role].to_numpy())
        values.loc[infinite, role] = np.nan
        for row in np.flatnonzero(unreadable | infinite):
            wrong[row] = wrong[row] or f"{role} {shortened(str(column.iloc[row]))!r}"
    return values.assign(wrong=wrong)


def _unreadable(table: VendorTable, role: str, texts: pd.Series) -> DataError:
    example, name = shortened(str(texts.iloc[0])), shortened(table.layout.names[role])
    form = "days as 2010-01-04" if role == "date" else "numbers as 1,234.5"
    message = f"{table.source} has no readable {role.replace('_', ' ')} in column {name!r}: it has {example!r}"
    return DataError(message, f"write {form}, or name another column with --map {role}=COLUMN")


def _to_raw(table: VendorTable, values: pd.DataFrame, unit: float | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Convert volume to shares and find the factor; return the rows, and notes of what was done."""
    layout = table.layout
    if layout.qlib:
        return _undo_adjustment(values)
    shares, volume_note = _shares_in_unit(layout, values, unit)
    factor, factor_note = _factor(table, values)
    values = values.assign(volume=values["volume"] * shares, factor=factor)
    return values.drop(columns=["adjusted_close", "amount"], errors="ignore"), (volume_note, factor_note)


def _undo_adjustment(values: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return raw numbers of qlib's adjusted ones; an index has no factor."""
    factor = values["factor"].where(values["factor"] > 0).fillna(1.0) if "factor" in values else 1.0
    prices = {price: values[price] / factor for price in PRICES if price in values}
    note = "numbers are adjusted, as in qlib" + ("" if "factor" in values else "; factor 1")
    return values.assign(**prices, volume=values["volume"] * factor, factor=factor), (note,)


def _factor(table: VendorTable, values: pd.DataFrame) -> tuple["pd.Series[float] | float", str]:
    """Return the factor of each row, and a note of its origin."""
    names = table.layout.names
    if "factor" in values:
        return values["factor"], f"prices times {names['factor']}"
    if "adjusted_close" in values:
        positive = (values["adjusted_close"] > 0) & (values["close"] > 0)
        factor = values["adjusted_close"].where(positive) / values["close"]
        return factor, f"prices times {names['adjusted_close']} / {names['close']}"
    return 1.0, f"prices unchanged{_adjustment(table)}, factor 1"


def _shares_in_unit(layout: ColumnLayout, values: pd.DataFrame, unit: float | None) -> tuple[float, str]:
    """Return the shares in a unit of volume, and a note of their origin."""
    if unit is not None:
        return unit, f"volume times {unit:g}" if unit != 1 else "volume in shares"
    if layout.tushare and values["instrument"].map(is_chinese).all():
        return LOT, f"volume in lots of {LOT:g}, as tushare counts: times {LOT:g} (--volume-unit changes it)"
    remedy = "add --volume-unit lots if this file counts lots"
    if _amount_implies_lots(values):
        return 1.0, f"volume taken as shares, but the amount fits lots of 100: {remedy}"
    if layout.wind:
        return 1.0, f"volume taken as shares, but Wind often counts lots of 100: {remedy}"
    return 1.0, "volume taken as shares"


def _amount_implies_lots(values: pd.DataFrame) -> bool:
    """Return whether the amount is 100 times volume and close, or a thousandth of that, as with lots of 100."""
    if "amount" not in values:
        return False
    ratio = values["amount"] / (values["volume"] * values["close"]).where(lambda paid: paid > 0)
    typical = ratio.median()
    return any(abs(typical / expected - 1) < LOT_TOLERANCE for expected in (LOT, LOT / 1000))


def _adjustment(table: VendorTable) -> str:
    """Return how the prices are adjusted, if baostock's column says so."""
    if "adjustment" not in table.values:
        return ""
    flags = set(_texts(table, "adjustment"))
    meanings = {"1": "adjusted backward", "2": "adjusted forward", "3": "not adjusted"}
    kinds = [f"{meanings[flag]} (adjustflag {flag})" for flag in sorted(flags & set(meanings))]
    return f", {' and '.join(kinds)}" if kinds else ""
