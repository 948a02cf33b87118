"""Write a synthetic sample provider, so that volopt runs on a machine without market data.

The stock ``SH600000``, the index ``SH000300`` and five more stocks are generated; ``synthetic.json`` marks the
directory. Log volume is a sum of components with long and short memory over market regimes that all share, plus a
weekday effect. A day's volatility follows its volume, and its prices are a random walk within the day. The stock is
matched to the real SH600000 of 2010 to 2017, on trade days (seed 0; ``tests/data/test_sample.py`` checks these
figures):

======================================================  =======  ======
figure                                                     real  sample
======================================================  =======  ======
log volume: standard deviation                             0.99    0.97
log volume: autocorrelation at 1 day                       0.91    0.91
log volume: autocorrelation at 5 days                      0.83    0.85
log volume: autocorrelation at 22 days                     0.73    0.72
log volume: autocorrelation at 60 days                     0.63    0.66
log volume: standard deviation of the daily change         0.43    0.42
log volume and log range: correlation                      0.73    0.72
log volume and size of the return: correlation             0.49    0.47
log volume on Mondays against the 22 days around           0.04    0.04
daily return: standard deviation                          0.019   0.019
suspended days, share                                     0.024   0.027
log R² of HAR (1, 5, 22), September 2015 to 2017           0.68    0.74
log R² of persistence, September 2015 to 2017              0.63    0.68
======================================================  =======  ======

Not matched: the real volume falls by three quarters after August 2015 and rises with rising prices, and
real returns have fatter tails (excess kurtosis 5.2, here 3.3).
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from volopt.data.bins import write_provider
from volopt.errors import DataError
from volopt.storage.run_record import DataSource

QLIB_HOMES = {region: Path(f"~/.qlib/qlib_data/{region}_data") for region in ("cn", "us")}  # as qlib downloads them
VERSION = 1  # of the generator: raise it when the same seed writes other numbers
STREAM = 57  # chosen so that seed 0 resembles the real stock in 2015 to 2017 too
FIRST, LAST = "2010-01-04", "2018-12-28"
# The Chinese new years, a week each, and the other holidays; in real years the dates vary more.
NEW_YEARS = "2010-02-15 2011-02-02 2012-01-23 2013-02-11 2014-01-31 2015-02-18 2016-02-08 2017-01-27 2018-02-15"
HOLIDAYS = "01-01 01-02 01-03 04-04 04-05 05-01 05-02 06-12 09-20 10-01 10-02 10-03 10-04 10-05 10-06 10-07"
PERSISTENCE = (0.95, 0.6, 0.0)  # from day to day, of the components other than the regimes
WEEKDAYS = (0.045, -0.025, -0.015, -0.005, 0.0)  # Monday first, in log volume
STEPS = 48  # of the random walk within a day


class SampleMarket(NamedTuple):
    """Hold the parameters in which stocks and the index differ."""

    volume: float  # typical, in adjusted shares
    close: float  # on the first day, adjusted
    regimes: float  # standard deviation of log volume that the regimes contribute
    components: tuple[float, float, float]  # the same of the components of PERSISTENCE
    volatility: float  # typical, of daily returns
    suspensions: int
    dividends: int


STOCK = SampleMarket(1.2e7, 64.0, 0.86, (0.40, 0.20, 0.25), 0.0145, suspensions=9, dividends=8)
OTHERS = {  # for panels; drawn from a stream of their own, which leaves the stock and the index as they are
    "SH600009": STOCK._replace(volume=4e6, close=80.0),
    "SH600016": STOCK._replace(volume=3e7, close=42.0, volatility=0.035),  # reaches the limits of a day at times
    "SH600028": STOCK._replace(volume=2e7, close=51.0),
    "SH600036": STOCK._replace(volume=2.5e7, close=95.0),
    "SH600050": STOCK._replace(volume=5e7, close=33.0, volatility=0.035),
}
INDEX = SampleMarket(1.1e10, 3535.0, 0.55, (0.25, 0.12, 0.15), 0.0125, suspensions=0, dividends=0)


def default_directory(sample: Path) -> Path:
    """Return the data directory to read when none is named: qlib's usual one, else the sample."""
    home = QLIB_HOMES["cn"].expanduser()
    return home if home.is_dir() else sample_directory(sample)


def sample_directory(sample: Path) -> Path:
    """Return the directory of the sample; write it if it does not exist."""
    if not sample.exists():
        write_sample(sample)
    return sample


def stored_directory(source: DataSource, sample: Path) -> Path:
    """Return the directory that a study was run on; if it was a sample that is gone, the same sample, written again.

    Raises:
        DataError: the directory is gone.
    """
    provider = Path(source.provider)
    if provider.is_dir():
        return provider
    if source.synthetic:
        return sample_directory(sample)
    raise DataError(f"the data that the study was run on are no longer at {provider}", "name them with --data")


def write_sample(directory: Path, seed: int = 0) -> None:
    """Write the sample as a qlib provider directory, the same bytes for the same seed."""
    random = np.random.default_rng([STREAM, seed])
    calendar = _calendar()
    regimes = _standardise(_persistent(random, len(calendar), 0.998) + _levels(random, len(calendar)))
    instruments = {
        name: _instrument(random, calendar, regimes, market)
        for name, market in (("SH600000", STOCK), ("SH000300", INDEX))
    }
    others = np.random.default_rng([STREAM, seed, 1])
    instruments |= {name: _instrument(others, calendar, regimes, market) for name, market in OTHERS.items()}
    marker = {"generator": "volopt.data.sample", "version": VERSION, "seed": seed}
    write_provider(directory, calendar, instruments, synthetic=marker)


def _calendar() -> pd.DatetimeIndex:
    weekdays = pd.bdate_range(FIRST, LAST)
    weeks = [day for start in NEW_YEARS.split() for day in pd.bdate_range(start, periods=5)]
    return weekdays[~weekdays.isin(weeks) & ~weekdays.strftime("%m-%d").isin(HOLIDAYS.split())]


def _standardise(values: np.ndarray) -> np.ndarray:
    return np.asarray((values - values.mean()) / values.std())


def _persistent(random: np.random.Generator, days: int, persistence: float) -> np.ndarray:
    """Return a standardised autoregressive series: each day keeps that share of the day before."""
    shocks = random.standard_normal(days)
    for day in range(1, days):
        shocks[day] += persistence * shocks[day - 1]
    return _standardise(shocks)


def _levels(random: np.random.Generator, days: int) -> np.ndarray:
    """Return levels that hold for 100 to 500 days and then shift within a few days."""
    lengths = random.integers(100, 500, size=days // 100)
    levels = np.repeat(random.standard_normal(len(lengths)), lengths)[:days]
    return pd.Series(levels).ewm(span=5).mean().to_numpy()


def _instrument(
    random: np.random.Generator, calendar: pd.DatetimeIndex, regimes: np.ndarray, market: SampleMarket
) -> pd.DataFrame:
    traded = ~_suspended(random, len(calendar), market.suspensions)
    days = calendar[traded]
    activity = market.regimes * regimes[traded]
    for scale, persistence in zip(market.components, PERSISTENCE, strict=True):
        component = scale * _persistent(random, len(days), persistence)
        activity = activity + component
    news = component + 0.2 * random.standard_normal(len(days))  # the last component has no memory
    volatility = market.volatility * np.exp(0.38 * activity + 0.8 * news)
    table = pd.DataFrame(_prices(random, volatility), index=days) * market.close
    table["volume"] = market.volume * np.exp(activity + np.take(WEEKDAYS, days.day_of_week))
    table = _fill_suspended_days(table.reindex(calendar))
    table["factor"] = _factor(random, calendar, market.dividends)
    table["change"] = table["close"].pct_change().fillna(0.0)
    return table


def _suspended(random: np.random.Generator, days: int, times: int) -> np.ndarray:
    suspended = np.zeros(days, bool)
    for start in random.integers(20, days - 20, size=times):
        suspended[start : start + 1 + random.geometric(0.22)] = True
    return suspended


def _prices(random: np.random.Generator, volatility: np.ndarray) -> dict[str, np.ndarray]:
    """Return prices from a start of 1; no day moves more than 10 % from the last close, the exchange's limit."""
    shocks = random.standard_normal((len(volatility), STEPS))
    shocks[:, 0] *= np.sqrt(STEPS) / 3  # overnight news
    path = np.cumsum(shocks, axis=1) * (volatility / np.sqrt(STEPS))[:, None]
    path = np.clip(path, np.log(0.9), np.log(1.1))
    last_close = np.concatenate([[0.0], np.cumsum(path[:-1, -1])])
    moves = {"open": path[:, 0], "high": path.max(axis=1), "low": path.min(axis=1), "close": path[:, -1]}
    return {name: np.exp(last_close + move) for name, move in moves.items()}


def _fill_suspended_days(table: pd.DataFrame) -> pd.DataFrame:
    """Fill suspended days with no volume and the last close, as in the real data."""
    table["volume"] = table["volume"].fillna(0.0)
    table["close"] = table["close"].ffill()
    for name in ("open", "high", "low"):
        table[name] = table[name].fillna(table["close"])
    return table


def _factor(random: np.random.Generator, calendar: pd.DatetimeIndex, dividends: int) -> np.ndarray:
    """Return the adjustment factor, which rises in June with each dividend."""
    factor = np.full(len(calendar), 3.0 if dividends else 1.0)
    for year in range(2010, 2010 + dividends):
        day = pd.Timestamp(year, 6, int(random.integers(1, 29)))
        factor[calendar >= day] *= random.uniform(1.02, 1.3)
    return factor
