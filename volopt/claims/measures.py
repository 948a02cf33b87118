"""Measure one seed of a trial, as numbers that claims compare."""

from collections.abc import Callable

import numpy as np

from volopt.comparison.trial_results import NotFoundError, SeedResult, TrialResult
from volopt.metrics import Array

FLAT = 0.05  # a forecast of lower flatness is a flat line
MIN_NORM = 1e-38  # of a gradient: float32 has no smaller number, and 0 has no logarithm

Measure = Callable[[TrialResult, SeedResult], float]


def by_seed(measure: Measure, *trials: TrialResult) -> list[Array]:
    """Return a measure of each trial over the seeds that all trials have, ascending; each of shape (seeds,).

    Raises:
        NotFoundError: the trials have no common seed.
    """
    seeds = [{seed.seed: seed for seed in trial.seeds} for trial in trials]
    common = sorted(set.intersection(*map(set, seeds)))
    if not common:
        raise NotFoundError("the trials have no common seed")
    return [np.array([measure(trial, own[seed]) for seed in common]) for trial, own in zip(trials, seeds, strict=True)]


def log_loss(metric: str) -> Measure:
    """Return the measure log(metric)."""
    return lambda trial, seed: float(np.log(seed.metrics[metric]))


def log_error_over_persistence(trial: TrialResult, seed: SeedResult) -> float:
    """Return log(valid_log_mse / persistence's): 0 is as good as "same as yesterday"."""
    return float(np.log1p(-seed.metrics["valid_skill_persistence"]))


def is_flat(trial: TrialResult, seed: SeedResult) -> float:
    """Return 1 if the forecast is a flat line, else 0."""
    return float(seed.metrics["flatness"] < FLAT)


def distance_from_mean(trial: TrialResult, seed: SeedResult) -> float:
    """Return the distance of the mean valid forecast from the mean of the train target, in its standard deviations."""
    level = float(np.mean(seed.forecast["valid"]))
    return abs(level - trial.train["mean"]) / trial.train["std"]


def timing(trial: TrialResult, seed: SeedResult) -> float:
    """Return Spearman's rank correlation of the forecast's daily changes with the actual ones, on test.

    A forecast that never changes has the correlation 0.
    """
    return _rank_correlation(_changes(seed), np.diff(trial.actual["test"]))


def timing_one_day_late(trial: TrialResult, seed: SeedResult) -> float:
    """Return ``timing`` against the actual changes of the day before: 1 is "same as yesterday"."""
    return _rank_correlation(_changes(seed)[1:], np.diff(trial.actual["test"])[:-1])


def timing_above_chance(trial: TrialResult, seed: SeedResult) -> float:
    """Return ``timing`` minus the 95 % quantile of chance.

    Chance is the same forecast against other days: shifted in a circle, by every number of days.
    """
    forecast, actual = _changes(seed), np.diff(trial.actual["test"])
    shifted = [_rank_correlation(np.roll(forecast, days), actual) for days in range(1, len(actual))] or [np.nan]
    return timing(trial, seed) - float(np.quantile(shifted, 0.95))


def gradient_at_start(trial: TrialResult, seed: SeedResult) -> float:
    """Return log10 of the first layer's gradient norm over the last layer's, in the first epoch."""
    return _mean(_gradient_ratios(seed)[:1])


def gradient_in_training(trial: TrialResult, seed: SeedResult) -> float:
    """Return the same after the first epoch, averaged over the recorded epochs."""
    return _mean(_gradient_ratios(seed)[1:])


def steepness(trial: TrialResult, seed: SeedResult) -> float:
    """Return log10 of the mean absolute change of log10 train loss from epoch to epoch."""
    return float(np.log10(_mean(np.abs(np.diff(np.log10(seed.curves["train_mse"]))))))


def _changes(seed: SeedResult) -> Array:
    return np.diff(seed.forecast["test"])


def _rank_correlation(a: Array, b: Array) -> float:
    from scipy.stats import rankdata

    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _mean(values: Array) -> float:
    """Return the mean, NaN without values."""
    return float(values.mean()) if values.size else np.nan


def _gradient_ratios(seed: SeedResult) -> Array:
    """Return log10(first layer / last layer) of each recorded epoch, shape (records,)."""
    records = seed.curves["gradient_norm"] or np.empty((0, 1))
    norms = np.maximum(np.asarray(records, dtype=float), MIN_NORM)
    ratios: Array = np.log10(norms[:, 0] / norms[:, -1])
    return ratios
