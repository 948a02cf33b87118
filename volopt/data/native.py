"""Expressions evaluated on pandas, bit for bit as qlib 0.9.7 does it (its ``ops.py`` and ``data.py``).

qlib reads every field over one window, the range and the whole expression's history before it, then
lets pandas compute: pairs are aligned by day, rolling windows take what there is (``min_periods=1``),
the result is float32. The same calls on the same window give the same bits, also where a rolling sum
carries rounding along.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from volopt.data.provider import CalendarRows, Provider
from volopt.definition.expressions import Binary, Call, Expression, Field, Number

_PAIRS = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}
_PLAIN = {"Log": np.log, "Abs": np.abs}


def read(provider: Provider, instrument: str, expressions: Sequence[Expression], rows: CalendarRows) -> pd.DataFrame:
    """The expressions over the rows of the calendar: a float64 column each, named by its canonical text."""
    columns = {}
    with np.errstate(all="ignore"):
        for expression in expressions:
            window = CalendarRows(max(0, rows.first - expression.lookback), rows.last)
            series = _evaluate(expression, partial(_load, provider, instrument, window))
            columns[expression.text] = series.astype(np.float32).reindex(range(rows.first, rows.last + 1))
    table = pd.DataFrame(columns).astype(np.float64)
    table.index = pd.DatetimeIndex(provider.calendar[rows.first : rows.last + 1], name="datetime")
    return table


def _load(provider: Provider, instrument: str, window: CalendarRows, field: str) -> pd.Series:
    start, values = provider.series(instrument, field)
    whole = pd.Series(values, index=pd.RangeIndex(start, start + len(values)))
    return whole.loc[window.first : window.last]


def _evaluate(expression: Expression, load: Callable[[str], pd.Series]) -> Any:
    """The series of an expression, or the value of a bare number."""
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
