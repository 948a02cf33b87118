"""Compute the market's series: over the panel's stocks on each day, or of another instrument such as an index.

The value of a day is known at its close: it depends on no later day of any instrument.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import groupby

import numpy as np

from volopt.data.provider import MAX_HOLIDAY_DAYS, Provider
from volopt.data.readers import COMPARE, read_on_trade_days, trade_rows
from volopt.definition.nodes import Binary, Expression, MarketNode
from volopt.definition.plain_text import shortened
from volopt.errors import DataError

MIN_STOCKS = 5  # with a value on a day; with fewer, the day has none
MAX_NAMED = 3  # stocks that the notes name


@dataclass(frozen=True)
class Market:
    """Hold the series of market nodes, and what is doubtful in them."""

    series: Mapping[str, np.ndarray] = field(default_factory=dict)  # by text: float64 (days of the calendar,), or NaN
    notes: tuple[str, ...] = ()


def market_nodes(expressions: Iterable[Expression]) -> tuple[MarketNode, ...]:
    """Return the market nodes in expressions, each once, sorted by text."""
    return tuple(sorted({node for each in expressions for node in each.markets}, key=lambda node: node.text))


def read_market(
    provider: Provider,
    instruments: Sequence[str],
    expressions: Iterable[Expression],
    first: date | None = None,
    last: date | None = None,
) -> Market:
    """Return the series of all market nodes in expressions.

    A stock counts on the days on which it traded and has a finite value. One whose ``$volume`` cannot be read is in no
    panel, and counts on no day.

    Args:
        provider: of the stocks and indices.
        instruments: the panel's stocks.
        expressions: that need the series.
        first: the first day that is needed; None for the provider's first one, or where an index begins.
        last: the last day that is needed; None for the provider's last one.

    Raises:
        DataError: an instrument or field of ``Of`` is unknown, an index does not cover the range, or a series has no
            value in it.
    """
    nodes = market_nodes(expressions)
    if not nodes:
        return Market()
    needed = provider.rows(first, last)
    series, notes = _cross_section(provider, instruments, [node for node in nodes if not node.instrument])
    others = sorted((node for node in nodes if node.instrument), key=lambda node: node.instrument)
    for instrument, group in groupby(others, key=lambda node: node.instrument):
        series |= _of(provider, instrument, list(group), needed, begins=first is not None)
    notes += [note for node in nodes if (note := _missing(provider, node, series[node.text], needed))]
    return Market(series, tuple(notes))


class _Moments:
    """Sum up values by day with Welford's method, which loses no digits to the level of the values."""

    def __init__(self, days: int) -> None:
        self.count = np.zeros(days, np.int64)
        self.mean = np.zeros(days)
        self.squares = np.zeros(days)  # of the deviations from the mean

    def add(self, rows: np.ndarray, values: np.ndarray) -> None:
        """Add a stock's values at rows of the calendar."""
        deviations = values - self.mean[rows]
        self.count[rows] += 1
        self.mean[rows] += deviations / self.count[rows]
        self.squares[rows] += deviations * (values - self.mean[rows])

    def statistic(self, name: str) -> np.ndarray:
        """Return the mean, or the population standard deviation of ``CSStd``, (days,)."""
        enough = self.count >= MIN_STOCKS
        result = np.full(len(self.count), np.nan)
        values = np.sqrt(self.squares[enough] / self.count[enough]) if name == "CSStd" else self.mean[enough]
        result[enough] = values
        return result


def _cross_section(
    provider: Provider, instruments: Sequence[str], nodes: Sequence[MarketNode]
) -> tuple[dict[str, np.ndarray], list[str]]:
    """Return the series of the nodes by text, and a note on each stock that lacks a field of theirs.

    Raises:
        DataError: each stock lacks one.
    """
    moments = {node: _Moments(len(provider.calendar)) for node in nodes}
    fields = {name for node in nodes for name in node.content.fields}
    failures, counts = list[str](), False
    for instrument in instruments if nodes else ():
        try:
            rows = trade_rows(provider, instrument)
        except DataError:
            continue
        try:
            provider.check(instrument, fields, None, None)
            table = read_on_trade_days(provider, instrument, [_compared(node) for node in nodes], rows=rows)
        except DataError as error:
            last_error = error
            failures.append(f"{instrument} is not in the means over stocks: {error.message}")
            continue
        counts = True
        for node, sums in moments.items():
            values = table[_compared(node).text].to_numpy()
            finite = np.isfinite(values)
            values = values[finite]
            if node.name == "CSShare" and isinstance(node.content, Binary):
                values = COMPARE[node.content.sign](values, 0).astype(np.float64)
            sums.add(rows[finite], values)
    if failures and not counts:
        raise last_error
    more = [f"{len(failures) - MAX_NAMED} more are not in them"] if len(failures) > MAX_NAMED else []
    return {node.text: sums.statistic(node.name) for node, sums in moments.items()}, [*failures[:MAX_NAMED], *more]


def _compared(node: MarketNode) -> Expression:
    """Return what a stock contributes to a node: a share's comparison as a difference, which tells missing from false.

    In IEEE arithmetic a - b is 0 only if a is b.
    """
    match node:
        case MarketNode("CSShare", Binary(_, left, right)):
            return Binary("-", left, right)
    return node.content


def _of(
    provider: Provider, instrument: str, nodes: Sequence[MarketNode], needed: range, *, begins: bool
) -> dict[str, np.ndarray]:
    """Return the series of another instrument on its own trade days, by text."""
    provider.check(instrument, {name for node in nodes for name in node.content.fields}, None, None)
    rows = _index_rows(provider, instrument)
    where = f"{instrument} of {shortened(nodes[0].text)}"
    if not len(rows):
        raise DataError(f"{where} has no trade day", "name another instrument")
    starts, stops, start, stop = (provider.day(row) for row in (rows[0], rows[-1], needed[0], needed[-1]))
    if (stop - stops).days > MAX_HOLIDAY_DAYS:
        raise DataError(f"{where} ends on {stops}, but is needed until {stop}", "update its data, or name another")
    if begins and starts > start:
        raise DataError(f"{where} begins on {starts}, but is needed from {start}", "begin later, or name another")
    table = read_on_trade_days(provider, instrument, [node.content for node in nodes], rows=rows)
    series = {}
    for node in nodes:
        values = np.full(len(provider.calendar), np.nan)
        values[rows] = table[node.content.text]
        series[node.text] = values
    return series


def _index_rows(provider: Provider, instrument: str) -> np.ndarray:
    """Return the trade days; until the first one with volume, these are the days with a close.

    Many vendors have no volume of indices. Whether it comes later may not matter on a day before.
    """
    known = provider.fields(instrument)
    traded = np.zeros(len(provider.calendar), bool)
    if "$volume" in known:
        traded[trade_rows(provider, instrument)] = True
    if "$close" in known:
        before = ~np.logical_or.accumulate(traded)
        traded |= before & np.isfinite(provider.column(instrument, "$close"))
    return np.flatnonzero(traded)


def _missing(provider: Provider, node: MarketNode, values: np.ndarray, needed: range) -> str:
    """Return a sentence on the needed days without a value, or an empty text."""
    rows = needed.start + np.flatnonzero(~np.isfinite(values[needed.start : needed.stop]))
    if not len(rows):
        return ""
    text = shortened(node.text)
    reason = f"{node.instrument} has none" if node.instrument else f"fewer than {MIN_STOCKS} stocks have one"
    first, last = provider.day(rows[0]), provider.day(rows[-1])
    if len(rows) == len(needed):
        message = f"{text} has no value on any day between {first} and {last}: {reason}"
        raise DataError(message, "leave it out" if node.instrument else "name more stocks, or leave it out")
    days = f"{first}" if first == last else f"{len(rows)} days between {first} and {last}"
    return f"{text} has no value on {days}: {reason}"
