"""What a trial left as a file, as arrays: curves and test forecasts of its seeds; a pruned trial has curves alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from volopt.findings.measures import FLAT
from volopt.metrics import Array
from volopt.windows.split import Dates


class Curves(NamedTuple):
    """Losses of one seed, shape (epochs,)."""

    seed: int
    train_mse: Array
    valid_mse: Array
    best_epoch: int | None  # whose weights were kept, from 1; None where training did not end by itself


class Forecasts(NamedTuple):
    """What the finished seeds forecast of the test days, original units."""

    dates: Dates  # shape: (days,)
    actual: Array  # shape: (days,)
    seeds: Array  # shape: (seeds, days)


@dataclass(frozen=True)
class Traces:
    """One trial's; ``flat`` counts the finished seeds whose forecast is a flat line."""

    curves: tuple[Curves, ...]
    forecasts: Forecasts | None
    flat: int

    @property
    def flatness(self) -> str:
        """Return a word about flat lines, or nothing where there are none."""
        count = 0 if self.forecasts is None else len(self.forecasts.seeds)
        if not self.flat:
            return ""
        return "flat line" if self.flat == count else f"flat line in {self.flat} of {count} seeds"


def traces(content: Mapping[str, Any] | None) -> Traces | None:
    """Return what an artifact (``search.results.artifact``) holds, or None where it is missing or broken."""
    try:
        return None if content is None else _traces(content)
    except (AttributeError, KeyError, TypeError, ValueError):
        return None


def _traces(content: Mapping[str, Any]) -> Traces | None:
    seeds = content["seeds"]
    finished = [seed for seed in seeds if "forecast" in seed]
    curves = tuple(_curves(seed) for seed in seeds)
    flatness = [seed["metrics"]["flatness"] for seed in finished]
    flat = sum(value is not None and value < FLAT for value in flatness)
    return Traces(curves, _forecasts(content, finished) if finished else None, flat) if curves else None


def _curves(seed: Mapping[str, Any]) -> Curves:
    train, valid = (np.asarray(seed["curves"][name], dtype=float) for name in ("train_mse", "valid_mse"))
    if train.shape != valid.shape or train.ndim != 1 or train.size == 0 or not np.isfinite([train, valid]).all():
        raise ValueError("no two curves")
    best = seed["metrics"].get("best_epoch")
    if best is not None and best not in range(1, len(valid) + 1):
        raise ValueError("no such epoch")
    return Curves(seed["seed"], train, valid, best)


def _forecasts(content: Mapping[str, Any], finished: list[Mapping[str, Any]]) -> Forecasts:
    days = content["days"]["test"]
    dates, actual = np.asarray(days["date"], "datetime64[D]"), np.asarray(days["actual"], dtype=float)
    forecasts = np.asarray([seed["forecast"]["test"] for seed in finished], dtype=float)
    if not dates.shape == actual.shape == forecasts.shape[1:]:
        raise ValueError("not a forecast a day")
    return Forecasts(dates, actual, forecasts)
