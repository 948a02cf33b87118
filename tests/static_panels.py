"""A panel with static inputs: seven stocks that share a market, are suspended at times, and an index; and its study."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from volopt.data.bins import write_provider

CALENDAR = pd.bdate_range("2015-01-05", "2019-06-28").difference(pd.bdate_range("2016-02-08", "2016-02-12"))
STOCKS = tuple(f"SH60000{number}" for number in range(7))
INDEX = "SH000300"

STATIC_DATA = """\
[data]
instruments = "all"
features = ["$volume", "Log($close/Ref($close,1))", "CSMean(Log($close/Ref($close,1)))"]
static = [
    "$volume", "Mean(Log($volume),5)", "Mean($volume,60)", "Max($volume,20)", "EMA($volume,8)",
    "Log(Std(Log($volume),20)+0.05)", "Sign($close-Ref($close,1))", "If($high>$low,($close-$low)/($high-$low),0.5)",
    "Log($days_to_next)", "$next_weekday", "Decay($sessions_to_holiday,2)", "Log(1+$sessions_missed)",
    "CSMean(Log($volume)-Mean(Log($volume),20))", "CSStd(Log($volume)-Mean(Log($volume),20))",
    "CSShare($close>Ref($close,1))", "Mean(CSMean(Log($close/Ref($close,1))),5)",
    "Of(SH000300,Log($close/Ref($close,1)))",
]
target = "$volume"
transform = "log"
anchor = "window_mean"
scaling = "standard"
train = ["2015-01-05", "2017-06-30"]
valid = ["2017-07-01", "2018-02-28"]
test = ["2018-03-01", "2018-12-28"]
"""

STATIC = f"""
format = 1
name = "static"
{STATIC_DATA}[model]
cell = "GRU"
hidden_size = 4
window = 8
dropout = 0.1
static = "branch"
[training]
epochs = 2
seeds = 2
batch_size = 256
learning_rate = 0.01
loss = "huber"
[space]
cell = ["GRU", "none"]
[[phase]]
name = "cells"
sampler = "grid"
grid = {{ cell = ["GRU", "none"] }}
[objective]
metric = "valid_log_r2"
"""

Change = Callable[[str, pd.DataFrame], None]


def write_static_panel(
    directory: Path, change: Change | None = None, *, until: str | None = None, more_stocks: tuple[str, ...] = ()
) -> None:
    """Write a provider of ``STOCKS`` and ``INDEX``, whose exchange's sessions are those of ``CALENDAR``.

    Args:
        directory: to write.
        change: alters the table of each instrument in place.
        until: the last day; None for that of ``CALENDAR``.
        more_stocks: that are in the data, too.
    """
    random = np.random.default_rng(0)
    market = _persistent(random, 0.9)
    instruments = {name: _fields(random, number, market) for number, name in enumerate((*STOCKS, INDEX))}
    for name, table in instruments.items():
        if name != INDEX:
            table.loc[random.random(len(table)) < 0.02, "volume"] = 0.0
        if change is not None:
            change(name, table)
    instruments |= {name: _fields(random, 9, market) for name in more_stocks}
    calendar = CALENDAR[: CALENDAR.searchsorted(pd.Timestamp(until), side="right")] if until else CALENDAR
    tables = {name: table.loc[: calendar[-1]] for name, table in instruments.items()}
    write_provider(directory, calendar, tables, synthetic={"generator": "tests"})
    if following := CALENDAR[len(calendar) :].strftime("%Y-%m-%d").tolist():
        (directory / "calendars/day_future.txt").write_text("\n".join(following) + "\n")


def _persistent(random: np.random.Generator, share: float) -> np.ndarray:
    log = random.standard_normal(len(CALENDAR))
    for day in range(1, len(log)):
        log[day] = share * log[day - 1] + 0.4 * log[day]
    return log


def _fields(random: np.random.Generator, number: int, market: np.ndarray) -> pd.DataFrame:
    """Return a stock whose log volume follows the market's and its own."""
    log = 0.5 * market + 0.5 * _persistent(random, 0.8)
    close = 20 * np.exp(np.cumsum(0.02 * random.standard_normal(len(log))))
    high, low = (close * np.exp(sign * 0.01 * random.exponential(size=len(log))) for sign in (1, -1))
    opened = close * np.exp(0.005 * random.standard_normal(len(log)))
    prices = {"open": opened, "high": np.maximum(high, opened), "low": np.minimum(low, opened), "close": close}
    return pd.DataFrame({**prices, "volume": 10.0**6 * (1 + number) * np.exp(log), "factor": 1.0}, index=CALENDAR)
