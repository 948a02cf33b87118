"""``volopt refit`` as a plain function: a configuration trained on everything up to a day, as a bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import torch

import volopt
from volopt.definition.load import dump
from volopt.forecast import bundle as bundles
from volopt.forecast import conformal
from volopt.forecast.bundle import FORMAT, Bundle, BundleFacts, BundleInstrument
from volopt.forecast.configuration import Configuration
from volopt.forecast.source import RefitSource
from volopt.forecast.walk_forward import run, scores
from volopt.forecast.walk_forward.periods import DAY, Period, year_before
from volopt.forecast.walk_forward.run import RefitContext
from volopt.forecast.walk_forward.scores import ScoredDays
from volopt.forecast.walk_forward.step import MarketData
from volopt.storage.record import versions
from volopt.studies.attributes import finite
from volopt.training.network import AT_ONCE
from volopt.training.task import Arrays
from volopt.windows.dataset import Dataset
from volopt.windows.windows import fitted_scaling, samples_at

TAIL = 20  # days of train by which other data are recognised
YEARS = 2  # before the last day, whose out-of-sample errors calibrate


@dataclass(frozen=True)
class RefitResult:
    """A bundle, and how the same configuration did in the years before its last day."""

    bundle: Bundle
    rows: ScoredDays | None  # None where there is too little to look back on
    left_out: Mapping[str, str]
    learned: Dataset  # all days up to the last


def refit(origin: RefitSource, until: date | None, shop: RefitContext) -> RefitResult:
    """Train every seed of a configuration on all days up to one, and look back for the errors that it would have made.

    Args:
        origin: the configuration and its data.
        until: the last day to learn from; None for the data's own.
        shop: what fits are made with.

    Raises:
        DataError: there is too little to learn from.
        TrainingError: a fit failed.
    """
    choice, panel = origin.choice, origin.panel
    newest: date = max(frame.dates[-1] for frame in panel.frames).item()
    last = min(until or newest, newest)
    market = MarketData(tuple(panel.frames), choice.definition, choice.window)
    tasks = choice.tasks(shop.device, shop.precision)
    whole = Period(last + DAY, last + DAY)
    dataset = market.dataset(whole)
    final = [run.step(market, dataset, whole, task) for task in tasks]
    asked, datasets = run.steps(market, _behind(market, last), tasks)
    fitted = run.take([*final, *asked], market, shop)
    log = choice.definition.data.transform == "log"
    rows = None
    if asked:
        rows = scores.rows(run.join(market, asked, datasets, fitted), log=log, coverage=conformal.COVERAGE)
    weights = [_weights(fitted[step.key]) for step in final]
    bundle = Bundle(_facts(choice, origin, dataset, last, rows), weights, _errors(dataset, rows, log=log))
    return RefitResult(bundle, rows, {**panel.left_out, **dataset.left_out}, dataset)


def _behind(market: MarketData, last: date) -> list[Period]:
    """Return the years up to a day, oldest first, that have enough to learn from before them."""
    found: list[Period] = []
    first = last + DAY
    for _ in range(YEARS):
        period = year_before(first)
        if not market.reaches_before(period):
            break
        found.insert(0, period)
        first = period.first
    return found


def _weights(arrays: Arrays) -> Arrays:
    return {name: values for name, values in arrays.items() if name.startswith("weights.")}


def _errors(dataset: Dataset, rows: ScoredDays | None, *, log: bool) -> dict[str, np.ndarray]:
    found = {series.name: np.empty(0) for series in dataset.series}
    if rows is not None:
        error = conformal.error(rows.walked.forecast, rows.walked.actual, log=log)
        for index, name in enumerate(rows.walked.names):
            if name in found:
                own = error[rows.walked.instrument == index]
                found[name] = own[np.isfinite(own)]
    return found


def _facts(
    choice: Configuration, origin: RefitSource, dataset: Dataset, last: date, rows: ScoredDays | None
) -> BundleFacts:
    return BundleFacts(
        format=FORMAT,
        volopt=volopt.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        study=choice.study,
        trial=choice.trial,
        definition=dump(choice.definition),
        params=dict(choice.params),
        epochs=choice.epochs,
        until=str(last),
        data=bundles.BundleSource(**vars(origin.panel.source), shown=choice.definition.data.told),
        versions=versions(),
        instruments=[_instrument(dataset, index, choice.window) for index in range(len(dataset.series))],
        seeds=list(range(choice.definition.training.seeds)),
        backtest=_looked_back(rows),
    )


def _looked_back(rows: ScoredDays | None) -> dict[str, Any]:
    if rows is None:
        return {}
    score = rows.score(np.ones(rows.low.shape, bool))
    dates = rows.walked.dates
    facts = {"from": str(dates.min()), "to": str(dates.max()), "refit": "year", "coverage_asked": conformal.COVERAGE}
    found: dict[str, Any] = finite({**facts, **vars(score), "skill": dict(score.skill)})
    return found


def _instrument(dataset: Dataset, index: int, window: int) -> BundleInstrument:
    series, scaled = dataset.series[index], fitted_scaling(dataset, index, window)
    rows = dataset.rows("train", window, index)
    low, high = _ranges(dataset, index, window)
    tail = range(max(rows.stop - TAIL, 0), rows.stop)
    values = np.column_stack([series.features, series.transformed])[list(tail)]
    return BundleInstrument(
        name=series.name,
        center=scaled.features.center.tolist(),
        scale=scaled.features.scale.tolist(),
        target_center=float(scaled.target.center),
        target_scale=float(scaled.target.scale),
        low=low.tolist(),
        high=high.tolist(),
        days=np.datetime_as_string(series.dates[list(tail)]).tolist(),
        values=values.tolist(),
    )


def _ranges(dataset: Dataset, index: int, window: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest of each scaled feature over the windows of train, shape (features,)."""
    rows = [dataset.rows("train", window, i) if i == index else range(0) for i in range(len(dataset.series))]
    scalings = [fitted_scaling(dataset, i, window) if i == index else None for i in range(len(dataset.series))]
    found = samples_at(dataset, rows, scalings, window)
    ends = []
    for some in torch.split(torch.arange(len(found)), AT_ONCE):
        inputs = found.inputs(some).flatten(0, 1)
        ends.append((inputs.amin(0), inputs.amax(0)))
    low = torch.stack([each[0] for each in ends]).amin(0)
    high = torch.stack([each[1] for each in ends]).amax(0)
    return low.double().numpy(), high.double().numpy()
