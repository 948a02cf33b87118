"""The one place that touches qlib, and leaves the process as it was.

qlib logs, sets numpy's error state, takes over ``sys.excepthook`` and registers an exit handler of mlflow.
Only texts that ``definition.expressions`` wrote itself reach it, since it evaluates them as Python.
"""

import atexit
import contextlib
import importlib.util
import io
import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from volopt.data.provider import CalendarRows, Provider
from volopt.definition.expressions import Expression
from volopt.definition.plain import shortened
from volopt.errors import DataError, UsageError


def available() -> bool:
    """Whether qlib is installed; it has no wheels past Python 3.12."""
    return importlib.util.find_spec("qlib") is not None


def read(provider: Provider, instrument: str, expressions: Sequence[Expression], rows: CalendarRows) -> pd.DataFrame:
    """The expressions over the rows of the calendar: a float64 column each, named by its canonical text."""
    texts = [expression.text for expression in expressions]
    try:
        with _quiet():
            table = _features(provider, instrument, texts, rows)
    except Exception as error:  # of any kind: it also looks at files that no frame needs, such as other calendars
        message = f"qlib cannot read {provider.directory}: {shortened(str(error))}"
        raise DataError(message, "remove the files that do not belong there") from error
    days = pd.DatetimeIndex(provider.calendar[rows.first : rows.last + 1], name="datetime")
    return table.droplevel("instrument").reindex(days)[texts].astype(np.float64)


def official_addresses(region: str) -> list[str]:
    """Where qlib's ``GetData`` loads the daily set of a region from: the one made for this qlib, then the latest.

    ``GetData`` names the file and asks the network in between; both its answers are played to it.

    Raises:
        UsageError: qlib is not there to say.
    """
    found: list[str] = []
    try:
        with _quiet():
            os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
            from qlib.tests.data import GetData

            getter = GetData()
            getter.download_data = lambda name, *_: found.append(getter.merge_remote_url(name))
            for there in (True, False):
                getter.check_dataset = lambda _, answer=there: answer
                getter.qlib_data(region=region)
    except ImportError as error:
        message = "the address of the official set comes from qlib, which has no wheels past Python 3.12"
        raise UsageError(f"{message} and is not installed", "name the zip of a data set with --url") from error
    return found


def _features(provider: Provider, instrument: str, texts: list[str], rows: CalendarRows) -> pd.DataFrame:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # else mlflow writes to the home directory
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
    days = (pd.Timestamp(provider.day(rows.first)), pd.Timestamp(provider.day(rows.last)))
    table: pd.DataFrame = D.features([instrument], texts, *days, freq="day")
    return table


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    hook = sys.excepthook
    noise = io.StringIO()
    with (
        warnings.catch_warnings(),
        np.errstate(all="ignore"),
        contextlib.redirect_stdout(noise),
        contextlib.redirect_stderr(noise),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            sys.excepthook = hook
