"""A race between each trial and the best one, block by block."""

from collections.abc import Mapping
from math import sqrt
from statistics import fmean, stdev

import optuna
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState


class RacePruner(BasePruner):
    """End a trial when it is behind the best COMPLETE trial, the incumbent, beyond chance.

    A block is a fit: one seed, on one period. A trial trains its blocks one after another, and only a trial with all
    blocks can become the incumbent, as in SMAC (Hutter et al. 2011). After each block, and at each rung of the first,
    the trial has a mean so far. How much such a mean still changes until all blocks are trained is known from the
    COMPLETE trials; what all of them share, such as a block that is easy for everyone, is their mean change. This
    forecasts the trial's final value, with a one-sided prediction interval of Student's t distribution. The trial ends
    if the interval does not reach the incumbent's value.

    irace (López-Ibáñez et al. 2016) tests the differences of the blocks themselves, from the fifth block on. The three
    to five blocks of a trial are too few for that.

    Args:
        epochs: of a block; a report at a multiple of it is the value of a block.
        alpha: the probability to end a trial that would have reached the incumbent's value.
        min_complete: COMPLETE trials before the first trial ends.
    """

    def __init__(self, epochs: int, alpha: float = 0.1, min_complete: int = 4) -> None:
        self._epochs, self._alpha, self._min_complete = epochs, alpha, min_complete

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial that has just reported is behind the incumbent beyond chance."""
        step = trial.last_step
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if step is None or len(complete) < self._min_complete:
            return False
        sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
        finals = [sign * (each.value or 0.0) for each in complete]
        starts = [sign * self._mean(each.intermediate_values, step) for each in complete]
        changes = [final - start for final, start in zip(finals, starts, strict=True)]
        error = stdev(changes) * sqrt(1 + 1 / len(changes))
        forecast = sign * self._mean(trial.intermediate_values, step) + fmean(changes)
        return forecast + self._quantile(len(changes) - 1) * error < max(finals)

    def _mean(self, reports: Mapping[int, float], step: int) -> float:
        """Return the value at a rung of the first block, or the mean of the blocks up to a step."""
        if step <= self._epochs:
            return reports[step]
        return fmean(reports[end] for end in range(self._epochs, step + 1, self._epochs))

    def _quantile(self, degrees: int) -> float:
        from scipy.stats import t

        return float(t.ppf(1 - self._alpha, degrees))
