"""A small study of log volume on the synthetic sample and a panel study with static inputs, really run, and refits."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from small_runs import run
from volopt.executors.trainer import SerialTrainer, Trainer
from volopt.forecast.backtest import Backtest, backtest
from volopt.forecast.bundle import Bundle
from volopt.forecast.configuration import RefitSource, load_source
from volopt.forecast.refit import RefitResult, refit
from volopt.forecast.walk_forward.periods import RefitFrequency
from volopt.forecast.walk_forward.run import RefitContext, RefitStep
from volopt.forecast.walk_forward.step import MarketData, fit_period
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

STATIC_UNTIL = date(2019, 2, 28)

StaticRefit = Callable[[str, str], RefitResult]


@pytest.fixture(scope="session")
def storage(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> str:
    """The URL of a storage with the study."""
    return run(STUDY, tmp_path_factory.mktemp("study"), sample).storage


@pytest.fixture(scope="session")
def best(storage: str) -> RefitSource:
    """The study's best trial with all days of the sample."""
    return load_source(storage, "small", "best", None, None)


def start_serial(data: MarketData) -> SerialTrainer:
    return SerialTrainer(data, fit_period)


def refit_context(
    store: Path,
    start_trainer: Callable[[MarketData], Trainer] = start_serial,
    report_done: Callable[[RefitStep], None] = lambda step: None,
) -> RefitContext:
    """Return a context that fits on this CPU, in this process unless another trainer is given."""
    return RefitContext("cpu", "highest", ArrayStore(store), start_trainer, lambda steps: report_done)


@pytest.fixture(scope="session")
def walk(best: RefitSource) -> Callable[..., Backtest]:
    """Backtest the best trial, storing every fit."""

    def backtest_best(first: date, last: date | None, frequency: RefitFrequency = "year") -> Backtest:
        return backtest(best, first, last, frequency, 0.8, refit_context(best.artifacts / "walks"))

    return backtest_best


@pytest.fixture(scope="session")
def refitted(best: RefitSource) -> Callable[[date | None], RefitResult]:
    """Refit the best trial, storing every fit."""

    def refit_best(until: date | None) -> RefitResult:
        return refit(best, until, refit_context(best.artifacts / "walks"))

    return refit_best


@pytest.fixture(scope="session")
def static_source(static_storage: str) -> RefitSource:
    return load_source(static_storage, "static", "cell=GRU", None, None)


def ruled(source: RefitSource, combine: str, after_suspension: str) -> RefitSource:
    """Return the configuration as if its study had this ``[forecast]``, which no fit depends on."""
    definition = source.configuration.definition
    rule = definition.forecast.model_copy(update={"combine": combine, "after_suspension": after_suspension})
    changed = definition.model_copy(update={"forecast": rule})
    return replace(source, configuration=replace(source.configuration, definition=changed))


@pytest.fixture(scope="session")
def static_refit(static_source: RefitSource) -> StaticRefit:
    def refit_until(combine: str, after_suspension: str = "network") -> RefitResult:
        return refit(
            ruled(static_source, combine, after_suspension),
            STATIC_UNTIL,
            refit_context(static_source.artifacts / "walks"),
        )

    return refit_until


@pytest.fixture(scope="session")
def static_bundle(static_refit: StaticRefit) -> Bundle:
    return static_refit("stack", "har").bundle
