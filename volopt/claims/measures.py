"""What is measured of one fit, a seed of a trial, for the claims to compare."""

from collections.abc import Callable

import numpy as np

from volopt.comparison.evidence import SeedResult, TrialResult
from volopt.metrics import Array

FLAT = 0.05  # flatness below this is a flat line
SMALLEST = 1e-38  # of a gradient's norm: float32 goes no further, and 0 has no logarithm

Measure = Callable[[TrialResult, SeedResult], float]


def seeds(*results: TrialResult) -> list[int]:
    """Return the seeds that all results have, ascending."""
    common = set.intersection(*({replicate.seed for replicate in result.replicates} for result in results))
    return sorted(common)


def over_seeds(measure: Measure, result: TrialResult, chosen: list[int]) -> Array:
    """Return a measure of each chosen seed, shape (seeds,)."""
    by_seed = {replicate.seed: replicate for replicate in result.replicates}
    return np.array([measure(result, by_seed[seed]) for seed in chosen])


def log_loss(metric: str) -> Measure:
    """Return the measure log(metric)."""
    return lambda result, replicate: float(np.log(replicate.metrics[metric]))


def log_error_over_persistence(result: TrialResult, replicate: SeedResult) -> float:
    """Return log(valid_log_mse / persistence's): 0 is as good as "same as yesterday"."""
    return float(np.log1p(-replicate.metrics["valid_skill_persistence"]))


def flat(result: TrialResult, replicate: SeedResult) -> float:
    """Return 1 where the fit ended as a flat line, else 0."""
    return float(replicate.metrics["flatness"] < FLAT)


def distance_from_mean(result: TrialResult, replicate: SeedResult) -> float:
    """Return how far the mean valid forecast is from the mean of the train target, in its standard deviations."""
    level = float(np.mean(replicate.forecast["valid"]))
    return abs(level - result.train["mean"]) / result.train["std"]


def timing(result: TrialResult, replicate: SeedResult) -> float:
    """Return Spearman's rank correlation of the forecast's day-to-day changes with the actual ones, on test.

    A forecast that never changes has the correlation 0.
    """
    return _rank_correlation(_changes(replicate), np.diff(result.actual["test"]))


def timing_a_day_late(result: TrialResult, replicate: SeedResult) -> float:
    """Return the same with the actual changes of the day before: 1 is "same as yesterday"."""
    return _rank_correlation(_changes(replicate)[1:], np.diff(result.actual["test"])[:-1])


def timing_beyond_chance(result: TrialResult, replicate: SeedResult) -> float:
    """Return ``timing`` less what chance reaches in one case of twenty.

    Chance is the same forecast set against other days: shifted in a circle, by every number of days.
    """
    forecast, actual = _changes(replicate), np.diff(result.actual["test"])
    shifted = [_rank_correlation(np.roll(forecast, days), actual) for days in range(1, len(actual))] or [np.nan]
    return timing(result, replicate) - float(np.quantile(shifted, 0.95))


def gradient_at_start(result: TrialResult, replicate: SeedResult) -> float:
    """Return log10 of the first layer's gradient norm over the last layer's, in the first epoch."""
    return _mean(_gradient_ratios(replicate)[:1])


def gradient_in_training(result: TrialResult, replicate: SeedResult) -> float:
    """Return the same after the first epoch, the mean over the recorded epochs."""
    return _mean(_gradient_ratios(replicate)[1:])


def steepness(result: TrialResult, replicate: SeedResult) -> float:
    """Return log10 of the mean epoch-to-epoch change, up or down, of log10 train loss."""
    return float(np.log10(_mean(np.abs(np.diff(np.log10(replicate.curves["train_mse"]))))))


def _changes(replicate: SeedResult) -> Array:
    return np.diff(replicate.forecast["test"])


def _rank_correlation(a: Array, b: Array) -> float:
    from scipy.stats import rankdata

    if a.size < 2 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _mean(values: Array) -> float:
    """Return the mean, NaN where there is nothing to take it of."""
    return float(values.mean()) if values.size else np.nan


def _gradient_ratios(replicate: SeedResult) -> Array:
    """Return log10(first layer / last layer) of each recorded epoch, shape (records,)."""
    records = replicate.curves["gradient_norm"] or np.empty((0, 1))
    norms = np.maximum(np.asarray(records, dtype=float), SMALLEST)
    ratios: Array = np.log10(norms[:, 0] / norms[:, -1])
    return ratios
