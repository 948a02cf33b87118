"""A panel: a provider of several stocks, short enough to train on at once, and a study over it."""

from pathlib import Path

import numpy as np
import pandas as pd

from volopt.data.bins import write_provider

CALENDAR = pd.bdate_range("2015-01-05", "2018-12-28")
KEPT = ("SH600000", "SH600004", "SZ000001")  # each with a level of volume of its own
LATE = "SZ300750"  # listed too late for 500 train days
INDEX = "SH000300"
SUSPENDED = slice(860, 890)  # rows of test on which SH600004 is not traded

PANEL_DATA = """\
[data]
instruments = "all"
features = ["$close", "$volume"]
target = "$volume"
transform = "log"
anchor = "window_mean"
scaling = "standard"
train = ["2015-01-05", "2017-06-30"]
valid = ["2017-07-01", "2018-02-28"]
test = ["2018-03-01", "2018-12-28"]
"""

PANEL = f"""
format = 1
name = "panel"
{PANEL_DATA}[training]
epochs = 2
seeds = 2
batch_size = 256
[space]
hidden_size = [5, 7]
[[phase]]
name = "width"
sampler = "grid"
grid = {{ hidden_size = [5, 7] }}
"""


def write_panel(directory: Path, *, changed: str = "") -> None:
    """Write a provider of ``KEPT``, ``LATE`` and ``INDEX``; the volume of the one ``changed`` is another."""
    instruments = {name: _fields(number, CALENDAR) for number, name in enumerate((*KEPT, INDEX))}
    instruments[LATE] = _fields(9, CALENDAR[300:])
    instruments[KEPT[1]].iloc[SUSPENDED, instruments[KEPT[1]].columns.get_loc("volume")] = 0.0
    if changed:
        instruments[changed]["volume"] *= np.linspace(1, 2, len(instruments[changed]))
    write_provider(directory, CALENDAR, instruments, synthetic={"generator": "tests"})


def _fields(seed: int, days: pd.DatetimeIndex) -> pd.DataFrame:
    """Return a stock whose log volume comes back to its level, and whose close drifts."""
    random = np.random.default_rng(seed)
    log = random.standard_normal(len(days))
    for day in range(1, len(days)):
        log[day] = 0.9 * log[day - 1] + 0.3 * log[day]
    close = 20 * np.exp(np.cumsum(0.02 * random.standard_normal(len(days))))
    prices = {"open": close, "high": close * 1.01, "low": close * 0.98, "close": close}
    return pd.DataFrame({**prices, "volume": 10.0 ** (6 + seed) * np.exp(log), "factor": 1.0}, index=days)
