"""Recognise the columns of a vendor's file by their names, in any case and with any blanks, points or underscores.

If a file has several names of one role, the first in ``NAMES`` is used. Two columns of the same name are refused.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from volopt.definition.plain_text import shortened
from volopt.errors import DataError, suggest

PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume", "factor")  # that are written
_NAMES = {
    "date": "date tradedate tradedt datetime tradingday day time timestamp dt opentime unix unixtime unixtimestamp "
    "epoch 交易日期 日期 时间 index price",
    "code": "tscode code instrument symbol ticker windcode sinfowindcode secid stockcode 代码 股票代码 证券代码",
    "open": "open openprice openingprice sdqopen 1open o 开盘 开盘价",
    "high": "high highprice highest sdqhigh 2high h 最高 最高价",
    "low": "low lowprice lowest sdqlow 3low l 最低 最低价",
    "close": "close closeprice closingprice closelast sdqclose 4close last price c 收盘 收盘价",
    "adjusted_close": "adjclose adjustedclose closeadj sdqadjclose 5adjustedclose",
    "volume": "volume vol sdqvolume totalvolume totaltradedquantity tottrdqty 5volume 6volume v 成交量",
    "factor": "factor adjfactor adjustfactor adjustmentfactor sdqadjfactor 复权因子",
    "status": "tradestatus sdqtradestatuscode sdqtradestatus 交易状态",
    "adjustment": "adjustflag",
    "amount": "amount turnover value sdqamount 成交额 成交金额",
}  # yfinance writes "Price" above its days, so it is the last name of date
NAMES = {role: tuple(names.split()) for role, names in _NAMES.items()}
HINTS = ("adjustment", "amount")  # roles that are not written; they help to understand the others
MAPPABLE = tuple(role for role in NAMES if role not in HINTS)  # roles that --map may name
NEEDED = ("date", "close", "volume")
MAX_COLUMNS_LISTED = 15  # in an error
_UNNAMED = re.compile(r"__index_level_[0-9]+__|Unnamed: [0-9]+")  # how pandas names a column without a name
_BRACKETS = re.compile(r"(?<=.)\s*[(（\[]([^()（）\[\]]*)[)）\]]\s*$")
_IGNORED = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class ColumnLayout:
    """Hold the number of the column of each role, and the names as the file writes them."""

    header: tuple[str, ...]
    columns: Mapping[str, int]

    @property
    def names(self) -> dict[str, str]:
        """Return the file's own name of each role's column."""
        return {role: self.header[column] for role, column in self.columns.items() if role not in HINTS}

    @property
    def ignored(self) -> list[str]:
        """Return the names of the columns that are not imported."""
        imported = {column for role, column in self.columns.items() if role not in HINTS}
        return [name for column, name in enumerate(self.header) if column not in imported and name.strip()]

    @property
    def volume_unit(self) -> str:
        """Return the unit that the name of volume has in brackets, such as ``手``, or nothing."""
        match = _BRACKETS.search(self.names["volume"])
        return match[1].strip().lower() if match else ""

    @property
    def qlib(self) -> bool:
        """Return whether the fields are qlib's own, such as ``$close``: adjusted, and volume divided by the factor."""
        return self.names["close"].strip().startswith("$")

    @property
    def tushare(self) -> bool:
        """Return whether the layout is tushare's, which counts volume in lots of 100."""
        names = {"code": "tscode", "date": "tradedate", "volume": "vol"}
        return all(normalise_name(self.names.get(role, "")) == name for role, name in names.items())

    @property
    def wind(self) -> bool:
        """Return whether the layout is that of Wind's tables."""
        return normalise_name(self.names["volume"]).startswith("sdq")


def normalise_name(name: str) -> str:
    """Return a column name without what vendors write differently: case, blanks, punctuation, a unit in brackets."""
    return "" if _UNNAMED.fullmatch(name) else _IGNORED.sub("", _BRACKETS.sub("", name)).lower()


def recognised_roles(header: Sequence[str], mapped: Collection[str]) -> set[str]:
    """Return the roles that the names of a header have; the columns ``mapped`` have theirs from the user."""
    names = {normalise_name(name) for name in header if name not in mapped}
    roles = {role for role, known in NAMES.items() if not names.isdisjoint(known)}
    return roles | ({"date"} if "" in names else set()) | ({"close"} if "adjusted_close" in roles else set())


def find_columns(header: Sequence[str], mapped: Mapping[str, str], source: str) -> ColumnLayout:
    """Find the column of each role in a header; ``mapped`` has names of columns by role from the user (``--map``).

    Raises:
        DataError: a column is missing, or two have one name.
    """
    columns = {role: _find_named(header, name, source) for role, name in mapped.items()}
    free = [column for column in range(len(header)) if column not in columns.values()]
    for role in NAMES:
        if role not in columns and (column := _find_role(header, free, role, source)) is not None:
            columns[role] = column
    unnamed = [column for column in free if not normalise_name(header[column])]
    if "date" not in columns and unnamed:
        columns["date"] = unnamed[0]  # the index of a pandas table
    if "close" not in columns and "adjusted_close" in columns:
        columns["close"] = columns.pop("adjusted_close")
    for role in NEEDED:
        if role not in columns:
            if recognised_roles(" ".join(header).split(), ()).issuperset(NEEDED):
                message = f"{source} separates its columns by blanks, which values may have too"
                raise DataError(message, "separate them by commas, semicolons or tabs")
            names = [shortened(name) for name in header if name.strip()][:MAX_COLUMNS_LISTED]
            listed = f"its columns are: {', '.join(names)}" if names else "its first line has no names"
            raise DataError(f"{source} has no column for {role}", f"name it with --map {role}=COLUMN; {listed}")
    return ColumnLayout(tuple(header), columns)


def _find_role(header: Sequence[str], free: Sequence[int], role: str, source: str) -> int | None:
    for name in NAMES[role]:
        match [column for column in free if normalise_name(header[column]) == name]:
            case [column]:
                return column
            case [first, second, *_]:
                names = f"{shortened(header[first])!r} and {shortened(header[second])!r}"
                choose = f", or choose with --map {role}=COLUMN" if header[first] != header[second] else ""
                raise DataError(
                    f"{source} has two columns for {role}, {names}", f"rename or remove one of them{choose}"
                )
    return None


def _find_named(header: Sequence[str], name: str, source: str) -> int:
    match [column for column, other in enumerate(header) if other == name]:
        case [column]:
            return column
        case []:
            known = [shortened(other) for other in header]
            raise DataError(f"{source} has no column {shortened(name)!r}", suggest(name, known))
    raise DataError(f"{source} has {shortened(name)!r} more than once", "rename or remove the others")
