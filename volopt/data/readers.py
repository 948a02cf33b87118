"""Read expressions of a provider: with qlib where it is installed, else natively with the same numbers.

A reader takes a provider, an instrument, expressions, rows that ``Provider.check`` returned, and the series of market
nodes (``market.read_market``). It returns one float64 column an expression (days, expressions), named by the canonical
text.

The native reader computes with pandas, bit for bit as qlib 0.9.7 does (its ``ops.py`` and ``data.py``). qlib reads each
field over one window: the range and the history that the whole expression needs before it. Pairs are aligned by day,
rolling windows use the days that they have (``min_periods=1``), and the result is float32. The same calls on the same
window give the same bits, also where a rolling sum carries rounding along.

``read_on_trade_days`` counts windows otherwise: in the trade days of the instrument, over its whole history.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial, reduce
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pandas as pd

from volopt.data import qlib_reader
from volopt.data.provider import COMPUTED_FIELDS, Provider
from volopt.definition.nodes import WINDOWED, Binary, Call, Expression, Field, MarketNode, Number

Series = Mapping[str, np.ndarray]  # by canonical text of a market node: float64 (days of the calendar,)
NO_MARKET: Series = MappingProxyType({})
COMPARE = {">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal}
_PAIRS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
_PLAIN: dict[str, Callable[..., Any]] = {
    "Log": np.log,
    "Abs": np.abs,
    "Greater": np.maximum,
    "Less": np.minimum,
    "Clip": np.clip,
}
_NATIVE = ("Clip", "Decay")  # qlib has no such operators
_CHUNK = 2**16  # numbers that a rolling standard deviation copies at a time


class Reader(Protocol):
    """Read expressions of an instrument over rows of the calendar."""

    def __call__(
        self,
        provider: Provider,
        instrument: str,
        expressions: Sequence[Expression],
        rows: range,
        market: Series = NO_MARKET,
    ) -> pd.DataFrame:
        """Return one float64 column an expression, named by its canonical text."""
        ...


def read_natively(
    provider: Provider, instrument: str, expressions: Sequence[Expression], rows: range, market: Series = NO_MARKET
) -> pd.DataFrame:
    """Return the expressions over rows of the calendar: one float64 column each, named by its canonical text."""

    def load(window: range, name: str) -> pd.Series:
        start, values = (0, market[name]) if name in market else provider.series(instrument, name)
        return pd.Series(values, index=pd.RangeIndex(start, start + len(values))).loc[window[0] : window[-1]]

    columns = {}
    with np.errstate(all="ignore"):
        for expression in expressions:
            window = range(max(0, rows.start - expression.lookback), rows.stop)
            series = _Evaluation(partial(load, window)).value(expression)
            columns[expression.text] = series.astype(np.float32).reindex(rows)
    table = pd.DataFrame(columns).astype(np.float64)
    table.index = pd.DatetimeIndex(provider.calendar[rows.start : rows.stop], name="datetime")
    return table


def read_on_trade_days(
    provider: Provider,
    instrument: str,
    expressions: Sequence[Expression],
    market: Series = NO_MARKET,
    *,
    rows: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return the expressions over the trade days of an instrument, with windows that count these days alone.

    Args:
        provider: that holds it.
        instrument: such as ``SH600000``.
        expressions: the columns, float64, named by canonical text.
        market: the series of all market nodes in them.
        rows: the days to read in place of the trade days, as ascending rows of the calendar.

    Returns:
        (trade days, expressions), indexed by rows of the calendar. A value depends on its own day and earlier ones, and
        one of a window on no day outside it, not even by rounding. An ``EMA`` has all days before.

    Raises:
        DataError: a series is missing or broken.
    """
    rows = trade_rows(provider, instrument) if rows is None else rows
    index = pd.Index(rows)

    def load(name: str) -> pd.Series:
        values = market[name] if name in market else provider.column(instrument, name)
        return pd.Series(values[rows], index=index, dtype=np.float64)

    with np.errstate(all="ignore"):
        evaluation = _TradeDayEvaluation(load)
        columns = {expression.text: evaluation.value(expression) for expression in expressions}
    return pd.DataFrame(columns, index=index, dtype=np.float64)


def trade_rows(provider: Provider, instrument: str) -> np.ndarray:
    """Return the rows of the calendar on which an instrument traded: its ``$volume`` is finite and above 0."""
    volume = provider.column(instrument, "$volume")
    return np.flatnonzero(np.isfinite(volume) & (volume > 0))


class _Evaluation:
    """Evaluate expressions as qlib does; ``load`` returns the series of a field or market node, once for each."""

    sign_type: type = np.float32  # to which Sign converts first

    def __init__(self, load: Callable[[str], pd.Series]) -> None:
        self.load = load
        self.known: dict[Expression, Any] = {}

    def value(self, expression: Expression) -> Any:
        """Return the series of an expression, or the value of a bare number."""
        if expression not in self.known:
            self.known[expression] = self.computed(expression)
        return self.known[expression]

    def computed(self, expression: Expression) -> Any:
        match expression:
            case Number(value):
                return value
            case Field() | MarketNode():
                return self.load(expression.text)
        values = [self.value(argument) for argument in expression.arguments]
        match expression, values:
            case Binary(sign), [left, right] if sign in _PAIRS:
                return _PAIRS[sign](left, right)
            case Binary(sign), _:
                return COMPARE[sign](*_aligned(*values)).astype(np.float64)
            case Call("Ref"), [series, days]:
                return series.shift(days)
            case Call("EMA"), [series, days]:
                return series.ewm(span=days, min_periods=1).mean()
            case Call(name), [series, days] if name in WINDOWED:
                return self.rolling(name, series, days)
            case Call("Sign"), [series]:
                return np.sign(series.astype(self.sign_type))
            case Call("If"), _:
                condition, left, right = _aligned(*values)
                return pd.Series(np.where(condition > 0, left, right), index=condition.index)
            case Call("Decay"), [series, days]:
                return np.exp(series / -days)
            case Call(name), _:
                return _PLAIN[name](*values)

    def rolling(self, name: str, series: pd.Series, days: int) -> pd.Series:
        """Return a statistic of the last ``days`` values, of those that are there."""
        result: pd.Series = getattr(series.rolling(days, min_periods=1), name.lower())()
        return result


class _TradeDayEvaluation(_Evaluation):
    """Evaluate in float64, and without the rounding that pandas carries along from values that left the window."""

    sign_type = np.float64

    def rolling(self, name: str, series: pd.Series, days: int) -> pd.Series:
        return pd.Series(_rolling(name, series.to_numpy(np.float64), days), index=series.index)


def _aligned(*values: Any) -> list[Any]:
    """Return the values with all series on the same days; numbers stay as they are."""
    index = reduce(pd.Index.union, (value.index for value in values if isinstance(value, pd.Series)))
    return [value.reindex(index) if isinstance(value, pd.Series) else value for value in values]


def _rolling(name: str, values: np.ndarray, days: int) -> np.ndarray:
    """Return a statistic of the last ``days`` values, NaN without any; as pandas, it takes infinite ones as missing."""
    if not len(values):
        return values
    days = min(days, len(values))
    finite = np.isfinite(values)
    total = np.cumsum(finite)
    count = total - np.concatenate([np.zeros(days, int), total])[: len(values)]

    def windows(fill: float) -> np.ndarray:
        padded = np.concatenate([np.full(days - 1, fill), np.where(finite, values, fill)])
        return np.lib.stride_tricks.sliding_window_view(padded, days)

    match name:
        case "Max":
            result = windows(-np.inf).max(axis=1)
        case "Min":
            result = windows(np.inf).min(axis=1)
        case "Sum":
            result = windows(0).sum(axis=1)
        case "Mean":
            result = windows(0).sum(axis=1) / count
        case "Std":
            result = _standard_deviation(windows(np.nan), count)
    return np.where(count > 0, result, np.nan)


def _standard_deviation(windows: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Return the sample standard deviation of each window (windows, days), around its last value.

    So the sums do not cancel, and equal values give exactly 0. NaN counts as missing; ``count`` are the others.
    """
    last = pd.Series(windows[:, -1]).ffill().to_numpy()
    squares = np.empty(len(windows))
    step = max(1, _CHUNK // windows.shape[1])
    for start in range(0, len(windows), step):
        part = slice(start, start + step)
        deviations = windows[part] - last[part, None]
        deviations[np.isnan(deviations)] = 0
        squares[part] = np.einsum("ij,ij->i", deviations, deviations) - deviations.sum(axis=1) ** 2 / count[part]
    result: np.ndarray = np.sqrt(np.maximum(squares, 0) / (count - 1))
    return result


def _read_with_qlib(
    provider: Provider, instrument: str, expressions: Sequence[Expression], rows: range, market: Series = NO_MARKET
) -> pd.DataFrame:
    """Read with qlib what it has entirely, and the rest natively."""
    with_qlib = [expression for expression in expressions if _has_qlib(expression)]
    others = [expression for expression in expressions if not _has_qlib(expression)]
    tables = [qlib_reader.read(provider, instrument, with_qlib, rows)] if with_qlib else []
    if others:
        tables.append(read_natively(provider, instrument, others, rows, market))
    return pd.concat(tables, axis=1)


def _has_qlib(expression: Expression) -> bool:
    """Return whether qlib gives the value of every node.

    Its comparisons are truth values: the sum of two is not 2, a difference of two is an error.
    """
    return not any(
        isinstance(node, MarketNode)
        or (isinstance(node, Field) and node.name in COMPUTED_FIELDS)
        or (isinstance(node, Call) and node.name in _NATIVE)
        or (isinstance(node, Binary) and node.compares)
        for node in expression.walk()
    )


READERS: dict[str, Reader] = {"qlib": _read_with_qlib, "native": read_natively}


def default_reader() -> str:
    """Return the name of the reader for this machine."""
    return "qlib" if qlib_reader.available() else "native"
