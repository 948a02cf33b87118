"""A small study of log volume on the synthetic sample, really run, and what is refitted of it."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from small_runs import run
from volopt.executors.serial import SerialTrainer
from volopt.executors.trainer import Trainer
from volopt.forecast import backtest as backtests
from volopt.forecast import refit as refits
from volopt.forecast.backtest import Backtest
from volopt.forecast.refit import RefitResult
from volopt.forecast.source import RefitSource, origin
from volopt.forecast.walk_forward.periods import Refit
from volopt.forecast.walk_forward.run import RefitContext, RefitStep
from volopt.forecast.walk_forward.step import MarketData, work
from volopt.storage.array_store import ArrayStore

STUDY = """
format = 1
name = "small"
[data]
instrument = "SH600000"
features = ["$volume", "Log($high/$low)", "Log($days_to_next)"]
target = "$volume"
transform = "log"
anchor = "window_mean"
scaling = "standard"
train = ["2013-01-01", "2014-12-31"]
valid = ["2015-01-01", "2015-12-31"]
test = ["2016-01-01", "2016-12-30"]
[model]
cell = "GRU"
hidden_size = 4
window = 8
[training]
epochs = 3
learning_rate = 0.01
batch_size = 128
loss = "huber"
seeds = 2
early_stopping = 2
[space]
window = [5, 8]
[[phase]]
name = "windows"
sampler = "grid"
grid = { window = [5, 8] }
[objective]
metric = "valid_log_r2"
"""


@pytest.fixture(scope="session")
def studied(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> str:
    """The URL of a storage with the study."""
    return run(STUDY, tmp_path_factory.mktemp("studied"), sample).storage


@pytest.fixture(scope="session")
def best(studied: str) -> RefitSource:
    """Its best trial with all days of the sample."""
    return origin(studied, "small", "best", None, None)


def serial(market: MarketData) -> SerialTrainer:
    return SerialTrainer(market, work)


def workshop(
    kept: Path, trainer: Callable[[MarketData], Trainer] = serial, tell: Callable[[RefitStep], None] = lambda step: None
) -> RefitContext:
    """Return what fits on this CPU, in this process unless another trainer is given."""
    return RefitContext("cpu", "highest", ArrayStore(kept), trainer, lambda steps: tell)


@pytest.fixture(scope="session")
def walk(best: RefitSource) -> Callable[..., Backtest]:
    """Walk the best trial forward, keeping what was fitted."""

    def walked(first: date, last: date | None, refit: Refit = "year", found: RefitSource = best) -> Backtest:
        return backtests.backtest(
            found.choice,
            found.panel,
            first,
            last,
            refit,
            0.8,
            workshop(best.artifacts / "walks"),
        )

    return walked


@pytest.fixture(scope="session")
def refitted(best: RefitSource) -> Callable[[date | None], RefitResult]:
    """Refit the best trial, keeping what was fitted."""

    def done(until: date | None) -> RefitResult:
        return refits.refit(best, until, workshop(best.artifacts / "walks"))

    return done
