"""Which column of a vendor's file is what, by its name: in any case, with any blanks, points or underscores.

Of several names for one thing the first in ``NAMES`` is taken; two columns of the same name are refused.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from volopt.definition.plain import shortened
from volopt.errors import DataError, suggest

PRICES = ("open", "high", "low", "close")
_NAMES = {
    "date": "date tradedate tradedt datetime tradingday day time timestamp dt 交易日期 日期 时间 index price",
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
}  # yfinance writes "Price" over its days, hence the last name of date
NAMES = {role: tuple(names.split()) for role, names in _NAMES.items()}
HINTS = ("adjustment", "amount")  # not written, they help to understand the others
MAPPED = tuple(role for role in NAMES if role not in HINTS)  # what --map may name
NEEDED = ("date", "close", "volume")
_UNNAMED = re.compile(r"__index_level_[0-9]+__|Unnamed: [0-9]+")  # as pandas calls a column without a name
_NOT_IN_NAMES = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class ColumnLayout:
    """Which column, by its number, each role has; ``header`` has the names as the file writes them."""

    header: tuple[str, ...]
    columns: Mapping[str, int]

    @property
    def names(self) -> dict[str, str]:
        """The file's own name of each role's column."""
        return {role: self.header[column] for role, column in self.columns.items() if role not in HINTS}

    @property
    def ignored(self) -> list[str]:
        """The names of the columns that are not taken."""
        taken = {column for role, column in self.columns.items() if role not in HINTS}
        return [name for column, name in enumerate(self.header) if column not in taken and name.strip()]

    @property
    def qlib(self) -> bool:
        """Whether they are qlib's own fields, ``$close`` and so on: adjusted, and volume divided by the factor."""
        return self.names["close"].strip().startswith("$")

    @property
    def tushare(self) -> bool:
        """Whether it is the layout of tushare, which counts volume in lots of 100."""
        wanted = {"code": "tscode", "date": "tradedate", "volume": "vol"}
        return all(bare(self.names.get(role, "")) == name for role, name in wanted.items())

    @property
    def wind(self) -> bool:
        """Whether it is the layout of Wind's tables."""
        return bare(self.names["volume"]).startswith("sdq")


def bare(name: str) -> str:
    """A name without what vendors write differently."""
    return "" if _UNNAMED.fullmatch(name) else _NOT_IN_NAMES.sub("", name).lower()


def recognise(header: Sequence[str], given: Mapping[str, str], source: str) -> ColumnLayout:
    """Find the columns of a header.

    Args:
        header: the names as the file writes them.
        given: the names of columns by role that the user says (``--map``).
        source: what to call the file in an error.

    Raises:
        DataError: a column is missing, or there are two of one name.
    """
    columns = {role: _given(header, name, source) for role, name in given.items()}
    free = [column for column in range(len(header)) if column not in columns.values()]
    for role in NAMES:
        if role not in columns and (column := _of_role(header, free, role, source)) is not None:
            columns[role] = column
    unnamed = [column for column in free if not bare(header[column])]
    if "date" not in columns and unnamed:
        columns["date"] = unnamed[0]  # the index of a pandas table
    if "close" not in columns and "adjusted_close" in columns:
        columns["close"] = columns.pop("adjusted_close")
    for role in NEEDED:
        if role not in columns:
            message = f"{source} has no column that is known as {role}"
            raise DataError(message, f"name it with --map {role}=COLUMN; {_there(header)}")
    return ColumnLayout(tuple(header), columns)


def _of_role(header: Sequence[str], free: Sequence[int], role: str, source: str) -> int | None:
    for name in NAMES[role]:
        match [column for column in free if bare(header[column]) == name]:
            case [column]:
                return column
            case [first, second, *_]:
                both = f"{shortened(header[first])!r} and {shortened(header[second])!r}"
                raise DataError(f"{source} has two columns for {role}, {both}", "rename or remove one of them")
    return None


def _given(header: Sequence[str], name: str, source: str) -> int:
    match [column for column, each in enumerate(header) if each == name]:
        case [column]:
            return column
        case []:
            known = [shortened(each) for each in header]
            raise DataError(f"{source} has no column {shortened(name)!r}", suggest(name, known))
    raise DataError(f"{source} has {shortened(name)!r} more than once", "rename or remove the others")


def _there(header: Sequence[str]) -> str:
    names = [shortened(name) for name in header if name.strip()][:15]
    return f"there are: {', '.join(names)}" if names else "its first line names none"
