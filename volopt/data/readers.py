"""Read expressions of a provider: with qlib where it is installed, else natively with the same numbers.

A reader takes a provider, an instrument, expressions, and rows that ``Provider.check`` returned. It returns one float64
column an expression (days, expressions), named by the canonical text.

The native reader computes with pandas, bit for bit as qlib 0.9.7 does (its ``ops.py`` and ``data.py``). qlib reads each
field over one window: the range and the history that the whole expression needs before it. Pairs are aligned by day,
rolling windows use the days that they have (``min_periods=1``), and the result is float32. The same calls on the same
window give the same bits, also where a rolling sum carries rounding along.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from volopt.data import qlib_reader
from volopt.data.provider import COMPUTED_FIELDS, Provider
from volopt.definition.expressions import Binary, Call, Expression, Field, Number

Reader = Callable[[Provider, str, Sequence[Expression], range], pd.DataFrame]
_PAIRS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
_PLAIN = {"Log": np.log, "Abs": np.abs}


def read_natively(provider: Provider, instrument: str, expressions: Sequence[Expression], rows: range) -> pd.DataFrame:
    """Return the expressions over rows of the calendar: one float64 column each, named by its canonical text."""
    columns = {}
    with np.errstate(all="ignore"):
        for expression in expressions:
            window = range(max(0, rows.start - expression.lookback), rows.stop)
            series = _evaluate(expression, partial(_load, provider, instrument, window))
            columns[expression.text] = series.astype(np.float32).reindex(rows)
    table = pd.DataFrame(columns).astype(np.float64)
    table.index = pd.DatetimeIndex(provider.calendar[rows.start : rows.stop], name="datetime")
    return table


def _load(provider: Provider, instrument: str, window: range, field: str) -> pd.Series:
    start, values = provider.series(instrument, field)
    return pd.Series(values, index=pd.RangeIndex(start, start + len(values))).loc[window[0] : window[-1]]


def _evaluate(expression: Expression, load: Callable[[str], pd.Series]) -> Any:
    """Return the series of an expression, or the value of a bare number."""
    match expression:
        case Field(name):
            return load(name)
        case Number(value):
            return value
        case Binary(sign, left, right):
            return _PAIRS[sign](_evaluate(left, load), _evaluate(right, load))
        case Call("Ref", argument, int(days)):
            return _evaluate(argument, load).shift(days)
        case Call(name, argument, int(days)):
            return getattr(_evaluate(argument, load).rolling(days, min_periods=1), name.lower())()
        case Call(name, argument):
            return _PLAIN[name](_evaluate(argument, load))


def _read_with_qlib(
    provider: Provider, instrument: str, expressions: Sequence[Expression], rows: range
) -> pd.DataFrame:
    """Read with qlib, except expressions of computed fields, which qlib does not have."""
    computed = [expression for expression in expressions if expression.fields & COMPUTED_FIELDS]
    others = [expression for expression in expressions if not expression.fields & COMPUTED_FIELDS]
    tables = [qlib_reader.read(provider, instrument, others, rows)] if others else []
    if computed:
        tables.append(read_natively(provider, instrument, computed, rows))
    return pd.concat(tables, axis=1)


READERS: dict[str, Reader] = {"qlib": _read_with_qlib, "native": read_natively}


def default_reader() -> str:
    """Return the name of the reader for this machine."""
    return "qlib" if qlib_reader.available() else "native"
