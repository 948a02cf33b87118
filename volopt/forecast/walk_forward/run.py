"""Fit the steps of a walk forward that are not stored yet, with several workers, and join the forecasts.

Every finished fit is stored at once, under a key made of all that decides its numbers. An interrupted walk forward
therefore resumes, and a longer one fits only what is new.
"""

import hashlib
import json
import logging
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from volopt import metrics
from volopt.baselines import baselines
from volopt.baselines.methods import baselines_of
from volopt.errors import TrainingError
from volopt.executors.trainer import Trainer, WorkerDiedError
from volopt.forecast.walk_forward.combine import MEMBERS, NETWORK, combined, mean_weights, past_errors, stacked_weights
from volopt.forecast.walk_forward.step import MarketData, resumptions
from volopt.metrics import Array
from volopt.storage.array_store import ArrayStore
from volopt.training import refit
from volopt.training.task import Arrays, Task
from volopt.windows.dataset import Dataset, numbers
from volopt.windows.split import Dates, Period

MAX_WORKER_DEATHS = 3  # of one step

log = logging.getLogger(__name__)


class WalkForwardForecasts(NamedTuple):
    """Hold out-of-sample forecasts and actual values, by instrument and then by day; arrays have the shape (days,)."""

    names: tuple[str, ...]  # of the instruments
    instrument: np.ndarray  # index into ``names``
    dates: Dates
    actual: Array  # original units
    forecast: Array  # the mean over seeds, or a combination with it, original units
    baselines: dict[str, Array]  # by name, original units; with a combination also the ``NETWORK`` alone
    floor: Array  # ``metrics.log_floor`` of the train days
    resumed: NDArray[np.bool_]  # days on which HAR forecasts, because the stock resumes trade after a suspension
    weights: dict[Period, Array]  # of the members of a combination, by period


class RefitStep(NamedTuple):
    """Name one fit: a network of a period, or without a task its baselines."""

    period: Period
    task: Task | None
    key: str  # in the store


@dataclass(frozen=True)
class RefitContext:
    """Hold what runs and stores fits.

    Args:
        device: resolved.
        precision: ``highest`` or ``medium``.
        store: of earlier fits; new ones are added.
        start_trainer: starts the workers that fit periods of market data.
        watch: takes all steps, and returns the function to call after each finished one.
    """

    device: str
    precision: str
    store: ArrayStore
    start_trainer: Callable[[MarketData], Trainer]
    watch: Callable[[Sequence[RefitStep]], Callable[[RefitStep], None]]


def plan_steps(
    market_data: MarketData, periods: Sequence[Period], tasks: Sequence[Task]
) -> tuple[list[RefitStep], dict[Period, Dataset]]:
    """Return the steps to fit, and the dataset of each period; both leave out periods without a day to forecast."""
    datasets = {period: market_data.dataset(period) for period in periods}
    datasets = {period: dataset for period, dataset in datasets.items() if dataset.days("test", market_data.window)}
    fits = [(period, dataset, task) for period, dataset in datasets.items() for task in (None, *tasks)]
    return [plan_step(market_data, dataset, period, task) for period, dataset, task in fits], datasets


def plan_step(market_data: MarketData, dataset: Dataset, period: Period, task: Task | None) -> RefitStep:
    """Return the step that fits a task, or without one the baselines, on the dataset of a period."""
    data = (dataset.fingerprint, dataset.recipe)
    if task is not None:
        facts: list[object] = ["network", refit.FORMAT, task.key(data)]
    else:
        facts = ["baselines", baselines.FORMAT, *data, market_data.window, market_data.definition.model.window]
    return RefitStep(period, task, hashlib.sha256(json.dumps(facts).encode()).hexdigest())


def fit_steps(steps: Sequence[RefitStep], market_data: MarketData, context: RefitContext) -> dict[str, Arrays]:
    """Return the fitted arrays of each step by its key; workers start only for steps that are not stored.

    Raises:
        TrainingError: a fit failed, or ``MAX_WORKER_DEATHS`` workers died on it.
    """
    fits: dict[str, Arrays] = {}
    report_done = context.watch(steps)
    baseline_names = set(baselines_of(market_data.definition.data.static))
    for step in steps:
        stored, _ = context.store.get(step.key) or ({}, {})
        required = baseline_names if step.task is None else {"weights.head.bias"}  # of a complete fit
        if stored.keys() >= required:
            fits[step.key] = dict(stored)
            report_done(step)
    missing = [step for step in steps if step.key not in fits]
    if missing:
        with closing(context.start_trainer(market_data)) as trainer:
            for step, arrays in _fit(missing[::-1], trainer):  # the last periods first: they have the most train days
                context.store.put(step.key, arrays, {})
                fits[step.key] = arrays
                report_done(step)
    return fits


def join_forecasts(
    market_data: MarketData, steps: Sequence[RefitStep], datasets: Mapping[Period, Dataset], fits: Mapping[str, Arrays]
) -> WalkForwardForecasts:
    """Return the forecasts of all periods, by instrument and then by day."""
    names, window, definition = (
        tuple(frame.name for frame in market_data.frames),
        market_data.window,
        market_data.definition,
    )
    baseline_names = baselines_of(definition.data.static)
    parts: dict[str, list[np.ndarray]] = defaultdict(list)
    for number, (period, dataset) in enumerate(datasets.items()):
        for index, series in enumerate(dataset.series):
            rows, train = (numbers(dataset.rows(split, window, index)) for split in ("test", "train"))
            parts["instrument"].append(np.full(rows.shape, names.index(series.name)))
            parts["dates"].append(series.dates[rows])
            parts["actual"].append(series.target[rows])
            parts["floor"].append(np.full(rows.shape, metrics.log_floor(series.target[train])))
            parts["resumed"].append(resumptions(series.dates, market_data.calendar)[rows])
            parts["period"].append(np.full(rows.shape, number))
        by_baseline, *networks = (fits[step.key] for step in steps if step.period == period)  # as planned
        parts["forecast"].append(np.mean([arrays[refit.FORECAST] for arrays in networks], axis=0))
        for name in baseline_names:
            parts[name].append(by_baseline[name])
    columns = {name: np.concatenate(arrays) for name, arrays in parts.items()}
    order = np.lexsort((columns["dates"], columns["instrument"]))
    columns = {name: column[order] for name, column in columns.items()}
    columns["resumed"] &= definition.forecast.after_suspension == "har"
    columns["forecast"] = np.where(columns["resumed"], columns["har"], columns["forecast"])
    weights = _combine(columns, list(datasets), market_data) if definition.forecast.combine != "none" else {}
    del columns["period"]
    rivals = [*baseline_names, *([NETWORK] if weights else [])]
    return WalkForwardForecasts(
        names, baselines={name: columns.pop(name) for name in rivals}, weights=weights, **columns
    )


def _combine(columns: dict[str, np.ndarray], periods: Sequence[Period], market_data: MarketData) -> dict[Period, Array]:
    """Replace the forecast by a combination with the pooled baselines, and return its weights by period.

    Those of a period are decided by the errors on all days of the walk forward before it.
    """
    definition = market_data.definition
    log, seeds = definition.data.transform == "log", definition.training.seeds
    stacks = definition.forecast.combine == "stack"
    columns[NETWORK] = columns["forecast"]
    weights = {}
    for period in periods:
        before = columns["dates"] < np.datetime64(period.first)
        errors = past_errors(columns, before, log=log)
        weights[period] = stacked_weights(errors, seeds) if stacks else mean_weights(seeds)
    by_day = np.array(list(weights.values()))[columns["period"]]
    combination = combined(columns, dict(zip(MEMBERS, by_day.T, strict=True)), log=log)
    columns["forecast"] = np.where(columns["resumed"], columns["har"], combination)
    return weights


def _fit(steps: Sequence[RefitStep], trainer: Trainer) -> Iterator[tuple[RefitStep, Arrays]]:
    """Yield each step with its arrays once it is fitted; a step whose worker died is fitted again."""
    deaths, waiting = Counter[str](), deque(steps)
    running: dict[Future[Any], RefitStep] = {}
    while waiting or running:
        while waiting and len(running) < trainer.workers:
            step = waiting.popleft()
            running[trainer.submit(step.period, step.task)] = step
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            step = running.pop(future)
            try:
                yield step, future.result()
            except WorkerDiedError as error:
                deaths[step.key] += 1
                log.info("%s: %s (%d of %d)", step.period.first, error, deaths[step.key], MAX_WORKER_DEATHS)
                if deaths[step.key] == MAX_WORKER_DEATHS:
                    raise TrainingError(
                        f"{error}, {MAX_WORKER_DEATHS} times", "--workers 1 needs the least memory"
                    ) from error
                waiting.append(step)
