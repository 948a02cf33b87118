"""Call qlib, and leave the process as it was; no other module imports qlib.

qlib logs, sets numpy's error state, replaces ``sys.excepthook`` and registers an exit handler of mlflow. It evaluates
texts as Python, so only texts that ``definition.expressions`` wrote itself reach it.
"""

import atexit
import importlib.util
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import numpy as np
import pandas as pd

from volopt.data.bins import spelled
from volopt.data.provider import Provider
from volopt.definition.nodes import Expression
from volopt.definition.plain_text import shortened
from volopt.errors import DataError, UsageError


def available() -> bool:
    """Return whether qlib is installed; it has no wheels past Python 3.12."""
    return importlib.util.find_spec("qlib") is not None


def read(provider: Provider, instrument: str, expressions: Sequence[Expression], rows: range) -> pd.DataFrame:
    """Return the expressions over rows of the calendar: one float64 column each, named by its canonical text."""
    texts = [expression.text for expression in expressions]
    try:
        with _quiet():
            table = _read_features(provider, instrument, texts, rows)
    except Exception as error:  # any: it also reads files that no frame needs, such as other calendars
        message = f"qlib cannot read {provider.directory}: {shortened(str(error))}"
        raise DataError(message, "remove the files that are not part of a provider") from error
    days = pd.DatetimeIndex(provider.calendar[rows.start : rows.stop], name="datetime")
    return table.droplevel("instrument").reindex(days)[texts].astype(np.float64)


def official_addresses(region: str) -> list[str]:
    """Return where qlib's ``GetData`` has the daily set of a region: the set for this qlib version, then the latest.

    ``GetData`` asks the network which of them exists; both answers are simulated here.

    Raises:
        UsageError: qlib is not installed.
    """
    addresses: list[str] = []
    try:
        with _quiet():
            from qlib.tests.data import GetData

            getter = GetData()
            getter.download_data = lambda name, *_: addresses.append(getter.merge_remote_url(name))
            for exists in (True, False):
                getter.check_dataset = lambda _, answer=exists: answer
                getter.qlib_data(region=region)
    except ImportError as error:
        message = "the address of the official set comes from qlib, which has no wheels past Python 3.12"
        raise UsageError(f"{message} and is not installed", "name the zip of a data set with --url") from error
    return addresses


def _read_features(provider: Provider, instrument: str, texts: list[str], rows: range) -> pd.DataFrame:
    import qlib
    from qlib.data import D
    from qlib.workflow import R

    qlib.init(
        provider_uri=str(provider.directory.resolve()),
        region="cn",
        kernels=1,  # more start a process pool, for one instrument
        logging_level=logging.ERROR,
        logging_config={},  # else it replaces the process's logging
    )
    atexit.unregister(R.end_exp)
    days = (pd.Timestamp(provider.day(rows[0])), pd.Timestamp(provider.day(rows[-1])))
    table: pd.DataFrame = D.features([spelled(instrument)], texts, *days, freq="day")
    return table


@contextmanager
def _quiet() -> Iterator[None]:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # else mlflow writes to the home directory
    hook = sys.excepthook
    noise = io.StringIO()
    with warnings.catch_warnings(), np.errstate(all="ignore"), redirect_stdout(noise), redirect_stderr(noise):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            sys.excepthook = hook
