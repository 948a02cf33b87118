"""A small provider directory that the tests of the data layer may read, and break."""

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from volopt.data.bins import write_provider


def table(days: pd.DatetimeIndex, seed: int) -> pd.DataFrame:
    """Return plausible fields over the days, with three suspended ones."""
    random = np.random.default_rng(seed)
    close = 20 * np.exp(np.cumsum(0.02 * random.standard_normal(len(days))))
    volume = 1e6 * np.exp(random.standard_normal(len(days)) / 2)
    volume[10:13] = 0.0
    close[10:13] = close[9]
    fields = {"open": close, "high": close * 1.01, "low": close * 0.98, "close": close, "volume": volume}
    fields["factor"] = np.linspace(1, 2, len(days))
    return pd.DataFrame(fields, index=days)


@pytest.fixture
def provider_dir(tmp_path: Path) -> Path:
    """Return a provider of 2010-01-04 to 2010-07-30: SH600000 over all days, SH600001 from the 41st."""
    calendar = pd.bdate_range("2010-01-04", "2010-07-30")
    instruments = {"SH600000": table(calendar, 0), "SH600001": table(calendar[40:], 1)}
    directory = tmp_path / "provider"
    write_provider(directory, calendar, instruments)
    return directory


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Fail a test that allocates 40 MB or more."""
    tracemalloc.start()
    yield
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000
