"""A race between each trial and the best one, block by block."""

from collections.abc import Mapping

import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

MIN_COMPLETE = 4  # trials before the first one ends


class RacePruner(BasePruner):
    """End a trial when it is behind the best COMPLETE trial, the incumbent, beyond chance.

    A block is a fit: one seed, on one period. A trial trains its blocks one after another, and only a trial with all
    blocks can become the incumbent, as in SMAC (Hutter et al. 2011; Lindauer et al. 2022). After each block, and at
    each rung of the first, a trial has a mean so far. The COMPLETE trials tell how much such a mean still changes until
    all blocks are trained. Their mean change is what all trials share, such as a block that is hard for everyone; their
    standard deviation is chance. Together they forecast the final value of the trial, with the one-sided prediction
    interval of Student's t distribution. The trial ends if the interval does not reach the value of the incumbent.

    irace (López-Ibáñez et al. 2016) tests the paired differences of the blocks of two trials instead, from their fifth
    block on. A trial here has three to five blocks, and with two of them this test has one degree of freedom.

    Args:
        epochs: of a block. The report at a multiple of it is the value of one block, an earlier one that of a rung.
        alpha: the probability to end a trial that would have reached the incumbent.
    """

    def __init__(self, epochs: int, alpha: float) -> None:
        self._epochs, self._alpha = epochs, alpha

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial that has just reported is behind the incumbent beyond chance."""
        from scipy.special import stdtrit  # the quantiles of Student's t

        step = trial.last_step
        complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        if step is None or len(complete) < MIN_COMPLETE:
            return False
        sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
        finals = sign * np.array([each.value for each in complete], float)
        changes = finals - sign * np.array([self._mean(each.intermediate_values, step) for each in complete])
        forecast = sign * self._mean(trial.intermediate_values, step) + changes.mean()
        error = changes.std(ddof=1) * np.sqrt(1 + 1 / len(changes))
        return bool(forecast + stdtrit(len(changes) - 1, 1 - self._alpha) * error < finals.max())

    def _mean(self, reports: Mapping[int, float], step: int) -> float:
        """Return the value at a rung of the first block, or the mean of the blocks up to a step."""
        if step <= self._epochs:
            return reports[step]
        return float(np.mean([reports[end] for end in range(self._epochs, step + 1, self._epochs)]))
