"""Walking forward over many periods: what is not kept from an earlier walk is fitted, by as many workers as there are.

What a killed walk leaves: every fit that was finished, under a key of all that decides its numbers. The next walk over
the same days takes them; a longer one fits what is new.
"""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from volopt import metrics
from volopt.baselines import baselines
from volopt.baselines.forecasts import BASELINES
from volopt.errors import TrainingError
from volopt.executors.trainer import Trainer, WorkerDiedError
from volopt.forecast.walk_forward.periods import Period
from volopt.forecast.walk_forward.step import MarketData, has_days
from volopt.metrics import Array
from volopt.storage.array_store import ArrayStore
from volopt.training import refit
from volopt.training.task import Arrays, Task
from volopt.windows.dataset import Dataset
from volopt.windows.split import Dates

DEATHS = 3  # of workers that one fit may cost

log = logging.getLogger(__name__)


class WalkForwardForecasts(NamedTuple):
    """Out-of-sample forecasts beside what came, by instrument and then by day; arrays have the shape (days,)."""

    names: tuple[str, ...]  # of the instruments
    instrument: np.ndarray  # whose day it is, a number of ``names``
    dates: Dates
    actual: Array  # original units
    forecast: Array  # the mean of the seeds', original units
    baselines: dict[str, Array]  # by name, original units
    floor: Array  # ``metrics.log_floor`` of what was learned from


class RefitStep(NamedTuple):
    """One thing to fit: a network of a period, or without a task the baselines."""

    period: Period
    task: Task | None
    key: str  # under which it is kept

    @property
    def leaves(self) -> set[str]:
        """Return the names of arrays without which what is kept is not whole."""
        return set(BASELINES) if self.task is None else {"weights.head.bias"}


@dataclass(frozen=True)
class RefitContext:
    """What fits are made with and kept in.

    Args:
        device: resolved.
        precision: ``highest`` or ``medium``.
        kept: of earlier walks; what is new is added.
        trainer: makes the workers that fit on a market.
        watch: given all that is asked for, returns who hears of each step that is done.
    """

    device: str
    precision: str
    kept: ArrayStore
    trainer: Callable[[MarketData], Trainer]
    watch: Callable[[Sequence[RefitStep]], Callable[[RefitStep], None]]


def steps(
    market: MarketData, periods: Sequence[Period], tasks: Sequence[Task]
) -> tuple[list[RefitStep], list[Dataset]]:
    """Return what has to be fitted, and the dataset of each period; periods without a day to forecast are left out."""
    found: list[RefitStep] = []
    datasets = []
    for period in periods:
        dataset = market.dataset(period)
        if has_days(dataset, market.window):
            datasets.append(dataset)
            found += [step(market, dataset, period, task) for task in (None, *tasks)]
    return found, datasets


def step(market: MarketData, dataset: Dataset, period: Period, task: Task | None) -> RefitStep:
    """Return one step, with the dataset of its period."""
    data = (dataset.fingerprint, dataset.recipe)
    if task is not None:
        said: list[object] = ["network", refit.FORMAT, task.key(data)]
    else:
        said = ["baselines", baselines.FORMAT, *data, market.window, market.definition.model.window]
    return RefitStep(period, task, hashlib.sha256(json.dumps(said).encode()).hexdigest())


def take(asked: Sequence[RefitStep], market: MarketData, shop: RefitContext) -> dict[str, Arrays]:
    """Return what was fitted in each step, by its key; workers begin only where something is missing.

    Raises:
        TrainingError: a fit failed, or cost too many workers.
    """
    found: dict[str, Arrays] = {}
    missing = []
    tell = shop.watch(asked)
    for each in asked:
        stored, _ = shop.kept.get(each.key) or ({}, {})
        if stored.keys() >= each.leaves:
            found[each.key] = dict(stored)
            tell(each)
        else:
            missing.append(each)
    if missing:
        begun = shop.trainer(market)
        try:
            for each, arrays in _fitted(missing[::-1], begun):  # the last periods, which have most to learn from, first
                shop.kept.put(each.key, arrays, {})
                found[each.key] = arrays
                tell(each)
        finally:
            begun.close()
    return found


def join(
    market: MarketData, asked: Sequence[RefitStep], datasets: Sequence[Dataset], fitted: dict[str, Arrays]
) -> WalkForwardForecasts:
    """Return the forecasts of all periods, by instrument and then by day."""
    names = tuple(frame.name for frame in market.frames)
    columns: dict[str, list[Any]] = {
        name: [] for name in ("instrument", "dates", "actual", "floor", "forecast", *BASELINES)
    }
    for period, dataset in zip(dict.fromkeys(step.period for step in asked), datasets, strict=True):
        for index, series in enumerate(dataset.series):
            rows = np.asarray(dataset.rows("test", market.window, index), dtype=np.int64)
            learned = series.target[list(dataset.rows("train", market.window, index))]
            columns["instrument"].append(np.full(rows.shape, names.index(series.name)))
            columns["dates"].append(series.dates[rows])
            columns["actual"].append(series.target[rows])
            columns["floor"].append(np.full(rows.shape, metrics.log_floor(learned)))
        of_period = [step for step in asked if step.period == period]
        networks = [fitted[step.key][refit.FORECAST] for step in of_period if step.task is not None]
        columns["forecast"].append(np.mean(networks, axis=0))
        (beside,) = (fitted[step.key] for step in of_period if step.task is None)
        for name in BASELINES:
            columns[name].append(beside[name])
    whole = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.lexsort((whole["dates"], whole["instrument"]))
    whole = {name: values[order] for name, values in whole.items()}
    return WalkForwardForecasts(
        names, **{name: whole.pop(name) for name in WalkForwardForecasts._fields if name in whole}, baselines=whole
    )


def _fitted(missing: Sequence[RefitStep], trainer: Trainer) -> Iterator[tuple[RefitStep, Arrays]]:
    deaths = dict.fromkeys(missing, 0)
    pending: dict[Future[Any], RefitStep] = {}
    waiting = list(missing)
    while waiting or pending:
        while waiting and len(pending) < trainer.workers:
            step = waiting.pop(0)
            pending[trainer.submit(step.period, step.task)] = step
        for future in wait(pending, return_when=FIRST_COMPLETED).done:
            step = pending.pop(future)
            try:
                yield step, future.result()
            except WorkerDiedError as error:
                deaths[step] += 1
                log.info("%s: %s (%d of %d)", step.period.first, error, deaths[step], DEATHS)
                if deaths[step] == DEATHS:
                    raise TrainingError(
                        f"{error}, {DEATHS} times", "is there memory enough? --workers 1 needs least"
                    ) from error
                waiting.append(step)
