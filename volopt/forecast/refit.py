"""Refit a configuration on everything up to a day, and return it as a bundle."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import torch

import volopt
from volopt.baselines.forecasts import log_target, train_rows
from volopt.baselines.methods import har_coefficients, har_inputs
from volopt.definition.load import dump
from volopt.definition.schema import Definition
from volopt.forecast import conformal
from volopt.forecast.bundle import FORMAT, Bundle, BundleFacts, BundleInstrument, BundleSource, BundleStatic
from volopt.forecast.configuration import Configuration, RefitSource
from volopt.forecast.members import fit_members
from volopt.forecast.walk_forward import run
from volopt.forecast.walk_forward.combine import MEMBERS, mean_weights, past_errors, stacked_weights
from volopt.forecast.walk_forward.periods import year_before
from volopt.forecast.walk_forward.run import RefitContext
from volopt.forecast.walk_forward.scores import ScoredDays, score_days
from volopt.forecast.walk_forward.step import MarketData
from volopt.storage.run_record import versions
from volopt.studies.attributes import finite
from volopt.training.network import MAX_BATCH
from volopt.windows.dataset import Dataset, numbers
from volopt.windows.scoring import log_floor
from volopt.windows.split import DAY, Period
from volopt.windows.static import static_scaling
from volopt.windows.windows import fitted_scaling, samples_at

LAST_TRAIN_DAYS = 20  # stored in a bundle, to recognise the same data
CALIBRATION_YEARS = 2  # before the last day


@dataclass(frozen=True)
class RefitResult:
    """Hold a bundle, the data that it was fitted on, and the instruments without enough data, with the reason."""

    bundle: Bundle
    dataset: Dataset
    left_out: Mapping[str, str]


def refit(source: RefitSource, until: date | None, context: RefitContext) -> RefitResult:
    """Train every seed of a configuration on all days up to one, and walk it forward over the years before.

    The out-of-sample errors of these years calibrate the bundle's intervals.

    Args:
        source: the configuration and its data.
        until: the last day to learn from; None for the end of the data.
        context: what runs and stores the fits.

    Raises:
        DataError: there is too little to learn from.
        TrainingError: a fit failed.
    """
    market_data, last = source.market_data, source.last_day(until)
    tasks = source.configuration.tasks(context.device, context.precision)
    after = Period(last + DAY, last + DAY)
    dataset = market_data.dataset(after)
    final = [run.plan_step(market_data, dataset, after, task) for task in tasks]
    steps, datasets = run.plan_steps(market_data, _calibration_periods(market_data, last), tasks)
    fits = run.fit_steps([*final, *steps], market_data, context)
    days = None
    if steps:
        forecasts = run.join_forecasts(market_data, steps, datasets, fits)
        days = score_days(forecasts, log=dataset.log, coverage=conformal.COVERAGE)
    weights = [
        {name: values for name, values in fits[step.key].items() if name.startswith("weights.")} for step in final
    ]
    rule = source.configuration.definition.forecast
    pooled = fit_members(dataset, market_data.definition.model.window) if rule.combine != "none" else None
    bundle = Bundle(_facts(source, dataset, last, days), weights, _errors(dataset, days), pooled)
    return RefitResult(bundle, dataset, {**source.panel.left_out, **dataset.left_out})


def _calibration_periods(market_data: MarketData, last: date) -> list[Period]:
    """Return the years up to a day, oldest first, that have enough days to learn from before them."""
    periods: list[Period] = []
    first = last + DAY
    while len(periods) < CALIBRATION_YEARS and market_data.has_enough_before(year_before(first)):
        periods.insert(0, year_before(first))
        first = periods[0].first
    return periods


def _errors(dataset: Dataset, days: ScoredDays | None) -> dict[str, np.ndarray]:
    """Return the out-of-sample errors of each instrument, oldest first."""
    errors = {series.name: np.empty(0) for series in dataset.series}
    if days is not None:
        for index, name in enumerate(days.forecasts.names):
            if name in errors:
                errors[name] = days.errors[np.isfinite(days.errors) & (days.forecasts.instrument == index)]
    return errors


def _facts(source: RefitSource, dataset: Dataset, last: date, days: ScoredDays | None) -> BundleFacts:
    configuration = source.configuration
    return BundleFacts(
        format=FORMAT,
        volopt=volopt.__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        study=configuration.study,
        trial=configuration.trial,
        asked=configuration.asked,
        definition=dump(configuration.definition),
        params=dict(configuration.params),
        epochs=configuration.epochs,
        until=str(last),
        data=BundleSource(**vars(source.panel.source), shown=configuration.definition.data.subject),
        versions=versions(),
        instruments=[_instrument(dataset, index, configuration) for index in range(len(dataset.series))],
        seeds=list(range(configuration.definition.training.seeds)),
        backtest=_backtest_facts(days) if days else {},
        static=_static(dataset, configuration.window),
        market=list(source.panel.market),
        combined=_weights(source.configuration.definition, days),
    )


def _weights(definition: Definition, days: ScoredDays | None) -> dict[str, float]:
    """Return the weight of each member of the forecast; none where the networks forecast alone."""
    if definition.forecast.combine == "none":
        return {}
    seeds = definition.training.seeds
    weights = mean_weights(seeds)
    if definition.forecast.combine == "stack" and days is not None:
        forecasts, log = days.forecasts, definition.data.transform == "log"
        columns = {"instrument": forecasts.instrument, "actual": forecasts.actual, **forecasts.baselines}
        weights = stacked_weights(past_errors(columns, np.ones(len(forecasts.actual), bool), log=log), seeds)
    return dict(zip(MEMBERS, weights.tolist(), strict=True))


def _static(dataset: Dataset, window: int) -> BundleStatic | None:
    if dataset.static is None:
        return None
    center, scale = static_scaling(dataset, window)
    return BundleStatic(center=center.tolist(), scale=scale.tolist())


def _backtest_facts(days: ScoredDays) -> dict[str, Any]:
    score, dates = days.score(np.ones(days.low.shape, bool)), days.forecasts.dates
    facts = {"from": str(dates.min()), "to": str(dates.max()), "refit": "year", "coverage_asked": conformal.COVERAGE}
    finite_facts: dict[str, Any] = finite({**facts, **vars(score), "skill": dict(score.skill)})
    return finite_facts


def _instrument(dataset: Dataset, index: int, configuration: Configuration) -> BundleInstrument:
    window = configuration.window
    series, scaling = dataset.series[index], fitted_scaling(dataset, index, window)
    rows = dataset.rows("train", window, index)
    last = numbers(rows)[-LAST_TRAIN_DAYS:]
    samples = samples_at(replace(dataset, series=(series,)), [rows], [scaling], window)
    ranges = [  # in batches, because all windows at once need too much memory
        torch.aminmax(samples.inputs(batch).flatten(0, 1), dim=0)
        for batch in torch.split(torch.arange(len(samples)), MAX_BATCH)
    ]
    return BundleInstrument(
        name=series.name,
        center=scaling.features.center.tolist(),
        scale=scaling.features.scale.tolist(),
        target_center=float(scaling.target.center),
        target_scale=float(scaling.target.scale),
        low=torch.stack([batch.min for batch in ranges]).amin(0).double().tolist(),
        high=torch.stack([batch.max for batch in ranges]).amax(0).double().tolist(),
        days=np.datetime_as_string(series.dates[last]).tolist(),
        values=np.column_stack([series.features, series.transformed])[last].tolist(),
        har=_har(dataset, index, window) if configuration.definition.forecast.after_suspension == "har" else [],
        static=[] if dataset.static is None else dataset.static[series.first_row + last].tolist(),
    )


def _har(dataset: Dataset, index: int, window: int) -> list[float]:
    """Return HAR's coefficients and the floor of the target of its logarithms."""
    log = log_target(dataset, window, index)
    return [
        *har_coefficients(har_inputs(log), log, train_rows(dataset, window, index)).tolist(),
        log_floor(dataset, window, index),
    ]
