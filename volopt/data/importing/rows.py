"""Convert the rows of a table to raw numbers: prices as paid, volume in shares, and the factor of each day."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from volopt.data.importing.columns import NUMBERS, PRICES, ColumnLayout
from volopt.data.importing.dates import parse_days
from volopt.data.importing.doubles import check_doubles
from volopt.data.importing.instruments import instrument_name, is_chinese
from volopt.data.importing.issues import Issue, count_cases
from volopt.data.importing.losses import check_codes, check_loss
from volopt.data.importing.marks import find_marks
from volopt.data.importing.numbers import parse_numbers
from volopt.data.importing.options import ImportOptions
from volopt.data.importing.table import VendorTable
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

LOT = 100.0  # shares, in China
LOT_TOLERANCE = 0.1  # relative: the close is not the mean price of the day
NO_VOLUME = 0.1  # of the rows with trade, below which another column may be the volume
_UNITS = {  # in the name of the column of volume
    **dict.fromkeys(["股", "shares"], 1.0),
    **dict.fromkeys(["手", "lots"], LOT),
    **dict.fromkeys(["千股", "k", "thousands", "thousand shares", "'000", "000s"], 1e3),
    **dict.fromkeys(["万", "万股"], 1e4),
    **dict.fromkeys(["万手", "m", "mn", "millions"], 1e6),
    **dict.fromkeys(["亿", "亿股"], 1e8),
}
_EXCEL_DAY = re.compile("[2-6][0-9]{4}")  # from 1954 to 2091, counted from 1899-12-30
_COUNTS = re.compile("vol|shares|qty|quantity|contracts|量|股数", re.IGNORECASE)
_POINTED_DAY = r"[0-9]{1,2}\.[0-9]{1,2}\.[0-9]{2,4}"
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
    dropped: tuple[Issue, ...]
    doubted: tuple[Issue, ...]


def parse_rows(table: VendorTable, instrument: str, options: ImportOptions) -> ParsedRows:
    """Parse days, instruments and numbers.

    Args:
        table: the file.
        instrument: of all rows if the file has no code column.
        options: what the user says.

    Raises:
        DataError: a column can be read in two ways, has no readable value, or would lose a part of its values, or most
            days have several rows.
    """
    table, repeated = _drop_headers(table)
    texts, skip = _texts(table, "date"), options.skip_bad
    days = parse_days(table.values["date"], options.dates, table.source, options.timezone)
    values = pd.DataFrame({"day": days.values, "text": texts})
    if len(values) and values["day"].isna().all():
        raise _unreadable(table, "date", texts)
    values["instrument"], unnamed = _instruments(table, instrument)
    values["halted"] = _texts(table, "status").str.lower().isin(_HALTED) if "status" in table.values else False
    values, marks = _add_numbers(table, values, options)
    numbers = [name for name in NUMBERS if name in values]
    nameless = (values["instrument"] == "") & ~unnamed
    if not skip:
        filled = values[numbers].notna().any(axis=1) & (texts != "")
        check_loss(table, "date", texts[filled & values["day"].isna()], int(filled.sum()))
        check_codes(table, int((filled & nameless).sum()), int(filled.sum()))
    dropped = (
        *table.issues,
        *repeated,
        *count_cases("rows without a code", values["text"][nameless]),
        *count_cases("rows with a code that cannot be a name", _texts(table, "code")[unnamed] if unnamed.any() else ()),
    )
    values = values[values["instrument"] != ""]
    doubted = (*days.doubted, *_doubt_volume(table, values), *check_doubles(table, values, numbers, skip))
    if "code" in table.values:
        short = values["instrument"].str.fullmatch("[0-9]{1,3}")
        what = "codes of up to three digits (were leading zeros lost?)"
        doubted += tuple(count_cases(what, values["instrument"][short].unique()))
    named, notes = _to_raw(table, values.reset_index(drop=True), options.volume_unit)
    return ParsedRows(named, len(texts), (*table.notes, *days.notes, *marks, *notes), dropped, doubted)


def _drop_headers(table: VendorTable) -> tuple[VendorTable, list[Issue]]:
    """Return the table without rows that repeat the header, as files that were joined have them."""
    names = table.layout.names
    repeats = table.values["date"].astype(str).str.strip() == names["date"].strip()
    if not names["date"].strip() or not repeats.any():
        return table, []
    for role, name in names.items():
        repeats &= _texts(table, role) == name.strip()
    issues = count_cases("rows that repeat the header", [""] * int(repeats.sum()))
    return replace(table, values=table.values[~repeats]), issues


def _texts(table: VendorTable, role: str) -> "pd.Series[str]":
    return table.values[role].fillna("").astype(str).str.strip()


def _instruments(table: VendorTable, instrument: str) -> tuple[Sequence[str] | str, "pd.Series[bool]"]:
    """Return the instrument of each row, "" where it has none, and which rows have a code that cannot be a name."""
    if "code" not in table.values:
        return instrument, pd.Series(False, index=table.values.index)
    codes, texts = pd.factorize(_texts(table, "code"))
    names, faults = [""] * len(texts), {}
    for place, text in enumerate(texts):
        try:
            names[place] = instrument_name(text, table.source) if text else ""
        except DataError as error:
            faults[place] = error
    unnamed = pd.Series(np.isin(codes, list(faults)), index=table.values.index)
    if unnamed.sum() > len(unnamed) / 2:
        fault = next(iter(faults.values()))
        raise DataError(fault.message, f"{fault.hint}, or name their column with --map code=COLUMN")
    return list(np.array([*names, ""], object)[codes]), unnamed


def _add_numbers(table: VendorTable, values: pd.DataFrame, options: ImportOptions) -> tuple[pd.DataFrame, list[str]]:
    """Add a column a role, NaN where there is no number, and the column ``wrong``; return notes of what was decided."""
    wrong = np.full(len(values), "", object)
    columns = {role: table.values[role] for role in (*NUMBERS, "adjusted_close", "amount") if role in table.values}
    pointed = values["text"].str.fullmatch(_POINTED_DAY).any()
    marks, notes = find_marks(columns, table.separator, options.decimal, table.source, pointed_days=bool(pointed))
    for role, column in columns.items():
        values[role], unreadable = parse_numbers(column, marks.get(role, "."))
        if role == "amount":
            continue  # not written
        if unreadable.any() and values[role].isna().all():
            raise _unreadable(table, role, column[unreadable])
        infinite = np.isinf(values[role].to_numpy())
        values.loc[infinite, role] = np.nan
        if not options.skip_bad:
            bad, readable = unreadable | infinite, values[role].to_numpy()
            check_loss(
                table, role, column[bad].astype(str), int(np.isfinite(readable).sum()) + int(bad.sum()), readable
            )
        for row in np.flatnonzero(unreadable | infinite):
            wrong[row] = wrong[row] or f"{role} {shortened(str(column.iloc[row]))!r}"
    return values.assign(wrong=wrong), notes


def _doubt_volume(table: VendorTable, values: pd.DataFrame) -> list[Issue]:
    """Doubt a volume that is 0 on nearly all rows where another column of counts is filled."""
    traded = (values["volume"] > 0).mean()
    if table.stacked or traded > NO_VOLUME or values.empty:
        return []
    for number, name in enumerate(table.layout.header):
        if number in table.layout.columns.values() or not _COUNTS.search(name):
            continue
        counts, _ = parse_numbers(table.read([number])[number].loc[table.values.index])
        if (filled := counts > 0).mean() > max(0.5, 2 * traded):
            shown = shortened(name)
            what = f"rows with a volume of 0 and a number in column {shown} (--map volume={shown} imports that)"
            return count_cases(what, table.values["date"][filled].astype(str))
    return []


def _unreadable(table: VendorTable, role: str, texts: pd.Series) -> DataError:
    example, name = shortened(str(texts.iloc[0])), shortened(table.layout.names[role])
    form = "days as 2010-01-04" if role == "date" else "numbers as 1,234.5"
    message = f"{table.source} has no readable {role.replace('_', ' ')} in column {name!r}: it has {example!r}"
    serial = role == "date" and texts.astype(str).str.fullmatch(_EXCEL_DAY).all()
    cause = "these may be Excel's numbers of days, so give their cells the format of a date; " if serial else ""
    return DataError(message, f"{cause}write {form}, or name another column with --map {role}=COLUMN")


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
    if layout.volume_unit in _UNITS:
        shares = _UNITS[layout.volume_unit]
        return shares, f"volume times {shares:g}, for {shortened(layout.names['volume'])} (--volume-unit changes it)"
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
