"""Find days that a file has more than once with differing values, and the columns that tell such rows apart."""

from collections.abc import Sequence

import pandas as pd

from volopt.data.importing.columns import NAMES, normalise_name
from volopt.data.importing.issues import Issue, count_cases
from volopt.data.importing.numbers import MARKS, parse_number
from volopt.data.importing.table import VendorTable
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

MAX_SHARE = 0.5  # of the days, and at least two, that a file of daily rows has more than once


def check_doubles(table: VendorTable, values: pd.DataFrame, numbers: Sequence[str], accept: bool) -> list[Issue]:
    """Return the days that differing rows of one instrument have, if a column tells those rows apart.

    Args:
        table: the file.
        values: its rows, with the index of the file's rows.
        numbers: the columns of ``values`` in which rows differ.
        accept: whether most days may be double.

    Raises:
        DataError: most days are double.
    """
    rows = values[values["day"].notna()]
    rows = rows[~rows.duplicated(["instrument", "day", *numbers])]
    double = rows[rows.duplicated(["instrument", "day"], keep=False)]
    if double.empty:
        return []
    groups = double.groupby(["instrument", "day"], sort=False)
    days = len(rows.drop_duplicates(["instrument", "day"]))
    columns = _telling_apart(table, groups.ngroup())
    if groups.ngroups > max(1, MAX_SHARE * days) and not accept:
        first = double.iloc[0]
        message = f"{table.source} has {groups.ngroups} of its {days} days more than once with differing values"
        raise DataError(f"{message}, first {first['text']} of {first['instrument']}", _remedy(columns, double))
    if not columns:
        return []
    what = f"days with several rows, which {' and '.join(columns)} tells apart (keep those of one)"
    once = double.drop_duplicates(["instrument", "day"])
    return count_cases(what, once["instrument"] + once["day"].dt.strftime(" %Y-%m-%d"))


def _remedy(columns: Sequence[str], double: pd.DataFrame) -> str:
    insist = "--skip-bad keeps the last row of each day"
    times = [name for name in columns if normalise_name(name) in NAMES["date"]]
    if times or double["text"].nunique() > double["day"].nunique():
        return f"the rows of a day differ in their time, {', '.join(times) or 'of the date'}: keep one a day; {insist}"
    if columns:
        names = " or ".join(f"--map code={name}" for name in columns)
        return f"the rows of a day differ in {', '.join(columns)}: {names} makes each an instrument; {insist}"
    return f"give one row a day; {insist}"


def _telling_apart(table: VendorTable, rows: "pd.Series[int]") -> list[str]:
    """Return the names of the columns of few texts, or few numbers, that differ in the rows with one number."""
    names = []
    for number, name in enumerate(table.layout.header):
        if number in table.layout.columns.values() or not normalise_name(name) or table.stacked:
            continue
        texts = table.read([number])[number].loc[rows.index].fillna("").astype(str)
        few = 2 * texts.nunique() <= len(texts) or not any(parse_number(text, MARKS[0]) is not None for text in texts)
        if few and not pd.DataFrame({"day": rows, "text": texts}).duplicated().any():
            names.append(shortened(name))
    return names
