"""Simulated studies whose truth is known, as ``selection`` measures them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from optuna.trial import FrozenTrial, TrialState

from builders import definition
from volopt.comparison.comparands import DailyLosses
from volopt.definition.schema import Definition
from volopt.selection.measurements import Measurement

FLOOR = 0.1  # of a trial's mean error: that of its luckiest seed, which cannot forecast the target's own noise
START = datetime(2020, 1, 1)


@dataclass(frozen=True)
class Kind:
    """Describe the noise of a study; all of it is relative.

    Args:
        spread: of the trials' true log errors, a standard deviation.
        seeds: coefficient of variation of the seeds' errors, in the median of the trials; they follow a gamma law.
        unequal: standard deviation of its logarithm between trials.
        common: of the log losses, what the days do to all trials; the standard deviation.
        loading: by how much trials differ in that, a standard deviation around 1.
        own: of the log losses, what the days do to a single trial.
        memory: of both, autocorrelation at one day.
    """

    spread: float
    seeds: float
    unequal: float
    common: float
    loading: float
    own: float
    memory: float


@dataclass
class Simulated:
    """Hold a simulated study and its truth."""

    measured: list[Measurement]
    truth: np.ndarray  # expected error over seeds and days, by trial number
    definition: Definition = field(default_factory=definition)

    @property
    def best(self) -> int:
        return int(self.truth.argmin())


def simulate(kind: Kind, trials: int, seeds: int, days: int = 544, seed: int = 0) -> Simulated:
    """Return a study of trials with a spread of true errors, seeds and days."""
    random = np.random.default_rng(seed)
    truth = np.exp(random.normal(0, kind.spread, trials))
    scale = kind.common * (1 + kind.loading * random.normal(size=(trials, 1)))
    logs = scale * _remembered(random, (1, days), kind.memory) + kind.own * _remembered(
        random, (trials, days), kind.memory
    )
    losses = truth[:, None] * np.exp(logs - (scale**2 + kind.own**2) / 2)
    shape = (kind.seeds / (1 - FLOOR) * np.exp(kind.unequal * random.normal(size=(trials, 1)))) ** -2
    factors = FLOOR + (1 - FLOOR) * random.gamma(np.broadcast_to(shape, (trials, seeds))) / shape
    dates = np.datetime64("2015-09-01") + np.arange(days)
    measured = [
        measurement(number, factors[number] * losses[number].mean(), DailyLosses(dates, losses[number]))
        for number in range(trials)
    ]
    return Simulated(measured, truth)


def measurement(number: int, errors: Any, losses: DailyLosses | None = None, **facts: Any) -> Measurement:
    """Return a measurement by hand, of a trial with parameters of its own."""
    values = np.asarray(errors, dtype=float)
    params = facts.pop("params", {"learning_rate": 0.001 * (number + 1)})
    trial = FrozenTrial(
        number, TrialState.COMPLETE, float(values.mean()), START, START + timedelta(seconds=10), params, {}, {}, {},
        {}, number,
    )  # fmt: skip
    return Measurement(
        trial, values, losses, **{"deviations": None, "confirmed": 0, "weights": 100, "seconds": 1.0, **facts}
    )


def _remembered(random: np.random.Generator, shape: tuple[int, int], memory: float) -> np.ndarray:
    """Return autoregressive series of unit variance, shape (series, days)."""
    from scipy.signal import lfilter

    rows, days = shape
    start = random.normal(size=(rows, 1))
    shocks = random.normal(size=(rows, days)) * np.sqrt(1 - memory**2)
    series: np.ndarray = lfilter([1.0], [1.0, -memory], shocks, axis=1, zi=memory * start)[0]
    return series
