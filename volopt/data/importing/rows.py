"""The rows of a table as raw numbers: prices as they were paid, volume in shares, and the factor of each day."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from volopt.data.importing.codes import instrument_name, is_chinese
from volopt.data.importing.columns import PRICES
from volopt.data.importing.dates import Order, days
from volopt.data.importing.issues import Issue, found
from volopt.data.importing.numbers import numbers
from volopt.data.importing.table import VendorTable
from volopt.definition.plain import shortened
from volopt.errors import DataError

LOT = 100.0  # shares, in China
NEAR = 0.1  # relative: the close is not the mean price of the day
NUMBERS = (*PRICES, "volume", "factor")
_HALTED = {"0", "0.0", "停牌", "halt", "halted", "suspended"}


@dataclass(frozen=True)
class ParsedRows:
    """What a file gives.

    ``values`` has the columns ``instrument``, ``day``, ``NUMBERS``, ``halted``, ``text`` (how the file writes the day)
    and ``wrong`` (which of its values are no numbers), a row each row of the file that has an instrument.
    """

    values: pd.DataFrame
    read: int
    notes: tuple[str, ...]
    findings: tuple[Issue, ...]


def raw_rows(table: VendorTable, instrument: str, unit: float | None, order: Order | None) -> ParsedRows:
    """Read days, instruments and numbers.

    Args:
        table: the file.
        instrument: whose rows they are where the file has no column of codes.
        unit: shares in a unit of volume; None takes what the layout says, else 1.
        order: what comes first in dates such as 1/4/2010.

    Raises:
        DataError: a code is no name, or a needed column has nothing that can be read.
    """
    texts = table.values["date"].fillna("").astype(str).str.strip()
    values = pd.DataFrame({"day": days(table.values["date"], order, table.source), "text": texts})
    if len(values) and values["day"].isna().all():
        raise _unreadable("date", table.layout.names["date"], texts, table.source)
    values["instrument"] = _instruments(table, instrument)
    values["halted"] = _halted(table)
    values = _numbers(table, values)
    nameless = values["instrument"] == ""
    findings = (*table.findings, *found("rows without a code", values["text"][nameless]))
    kept = values[~nameless].reset_index(drop=True)
    kept, notes = _raw(table, kept, unit)
    return ParsedRows(kept, len(values), notes, findings)


def _instruments(table: VendorTable, instrument: str) -> Sequence[str] | str:
    if "code" not in table.values:
        return instrument
    codes, texts = pd.factorize(table.values["code"].fillna("").astype(str).str.strip())
    names = [instrument_name(text, table.source) if text else "" for text in texts]
    return list(np.array([*names, ""], object)[codes])


def _halted(table: VendorTable) -> np.ndarray:
    if "status" not in table.values:
        return np.zeros(len(table.values), bool)
    return table.values["status"].fillna("").astype(str).str.strip().str.lower().isin(_HALTED).to_numpy(bool)


def _numbers(table: VendorTable, values: pd.DataFrame) -> pd.DataFrame:
    """Add the numbers, NaN where there is none, and in ``wrong`` what cannot be one."""
    wrong = np.full(len(values), "", object)
    for role in (*NUMBERS, "adjusted_close", "amount"):
        if role not in table.values:
            continue
        column = table.values[role]
        values[role], unreadable = numbers(column)
        if role == "amount":
            continue  # not written
        if unreadable.any() and values[role].isna().all():
            raise _unreadable(role, table.layout.names[role], column[unreadable], table.source)
        infinite = np.isinf(values[role].to_numpy())
        values.loc[infinite, role] = np.nan
        for bad in np.flatnonzero(unreadable | infinite):
            wrong[bad] = wrong[bad] or f"{role} {shortened(str(column.iloc[bad]))!r}"
    return values.assign(wrong=wrong)


def _unreadable(role: str, name: str, texts: pd.Series, source: str) -> DataError:
    shown = repr(shortened(str(texts.iloc[0])))
    what = "day" if role == "date" else "number"
    forms = "days are written as 2010-01-04" if role == "date" else "numbers are written as 1,234.5"
    message = f"{source} has no {what} in its column for {role}, {shortened(name)!r}: {shown}"
    return DataError(message, f"{forms}; name another column with --map {role}=COLUMN")


def _raw(table: VendorTable, values: pd.DataFrame, unit: float | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Bring volume to shares and find the factor; what was done is said."""
    layout = table.layout
    if layout.qlib:
        return _taken_back(values)
    lots = layout.tushare and bool(values["instrument"].map(is_chinese).all())
    shares = unit if unit is not None else LOT if lots else 1.0
    note = _volume_note(shares, values, said=unit is not None, lots=lots, wind=layout.wind)
    factor, said = _factor(table, values)
    values = values.assign(volume=values["volume"] * shares, factor=factor)
    return values.drop(columns=["adjusted_close", "amount"], errors="ignore"), (note, said)


def _taken_back(values: pd.DataFrame) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Raw numbers from adjusted ones; an index has no factor."""
    factor = values["factor"].where(values["factor"] > 0).fillna(1.0) if "factor" in values else 1.0
    prices = {price: values[price] / factor for price in PRICES if price in values}
    said = "numbers as qlib has them, adjusted" + ("" if "factor" in values else "; factor 1")
    return values.assign(**prices, volume=values["volume"] * factor, factor=factor), (said,)


def _factor(table: VendorTable, values: pd.DataFrame) -> tuple["pd.Series[float] | float", str]:
    """The factor of each row, and where it is from."""
    names = table.layout.names
    if "factor" in values:
        return values["factor"], f"prices times {names['factor']}"
    if "adjusted_close" in values:
        positive = (values["adjusted_close"] > 0) & (values["close"] > 0)
        factor = values["adjusted_close"].where(positive) / values["close"]
        return factor, f"prices times {names['adjusted_close']} / {names['close']}"
    return 1.0, f"prices as they are{_adjusted(table)}, factor 1"


def _volume_note(shares: float, values: pd.DataFrame, *, said: bool, lots: bool, wind: bool) -> str:
    if said:
        return f"volume times {shares:g}" if shares != 1 else "volume in shares"
    if lots:
        return f"volume in lots of {shares:g}, as tushare counts: times {shares:g} (--volume-unit says otherwise)"
    if _like_lots(values):
        return "volume taken as shares, but the amount is that of lots of 100: --volume-unit lots if it counts these"
    if wind:
        return "volume taken as shares; Wind often counts lots of 100: --volume-unit lots if this file does"
    return "volume taken as shares"


def _like_lots(values: pd.DataFrame) -> bool:
    """Whether the amount paid is 100 times volume and close (or a thousandth of that), as it is of lots of 100."""
    if "amount" not in values:
        return False
    ratio = values["amount"] / (values["volume"] * values["close"]).where(lambda paid: paid > 0)
    typical = ratio.median()
    return any(abs(typical / expected - 1) < NEAR for expected in (LOT, LOT / 1000))


def _adjusted(table: VendorTable) -> str:
    """What baostock says of its prices."""
    if "adjustment" not in table.values:
        return ""
    kinds = set(table.values["adjustment"].astype(str).str.strip())
    known = {"1": "adjusted backward", "2": "adjusted forward", "3": "not adjusted"}
    said = [f"{known[kind]} (adjustflag {kind})" for kind in sorted(kinds & set(known))]
    return f", {' and '.join(said)}" if said else ""
