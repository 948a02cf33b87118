"""A race between each trial and the best one, block by block."""

from collections.abc import Iterable

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
        alpha: the probability at one report to end a trial that would have reached the incumbent.
    """

    def __init__(self, epochs: int, alpha: float) -> None:
        self._epochs, self._alpha = epochs, alpha

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial that has just reported is behind the incumbent beyond chance."""
        from scipy.special import stdtrit  # the quantiles of Student's t

        steps = self._steps(trial)
        trials = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        complete = [each for each in trials if steps and each.intermediate_values.keys() >= steps]
        if len(complete) < MIN_COMPLETE:
            return False
        sign = 1.0 if study.direction == StudyDirection.MAXIMIZE else -1.0
        finals = sign * np.array([each.value for each in complete], float)
        changes = finals - sign * np.array([_mean(each, steps) for each in complete])
        forecast = sign * _mean(trial, steps) + changes.mean()
        error = changes.std(ddof=1) * np.sqrt(1 + 1 / len(changes))
        return bool(forecast + stdtrit(len(changes) - 1, 1 - self._alpha) * error < finals.max())

    def _steps(self, trial: FrozenTrial) -> set[int]:
        """Return the steps whose mean is the value so far: the ends of the blocks, or a rung of the first one."""
        step = trial.last_step or 0
        return {step} if 0 < step < self._epochs else set(range(self._epochs, step + 1, self._epochs))


def _mean(trial: FrozenTrial, steps: Iterable[int]) -> float:
    return float(np.mean([trial.intermediate_values[step] for step in sorted(steps)]))
