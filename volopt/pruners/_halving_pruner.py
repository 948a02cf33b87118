"""Successive halving as trials come."""

from collections.abc import Container

import optuna
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial


class HalvingPruner(BasePruner):
    """Continue the better half of all trials that reached a step, pruned ones among them.

    A trial is compared when it reports, with the trials before it (as in ASHA, Li et al. 2020). The best so far always
    continues.
    """

    def __init__(self, steps: Container[int]) -> None:
        self._steps = steps

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial that has just reported at one of the steps is in the worse half."""
        step = trial.last_step
        if step is None or step not in self._steps:
            return False
        sign = 1 if study.direction == StudyDirection.MINIMIZE else -1
        reports = [each.intermediate_values for each in (*study.get_trials(deepcopy=False), trial)]
        values = sorted(sign * report[step] for report in reports if step in report)
        return sign * trial.intermediate_values[step] > values[max(len(values) // 2, 1) - 1]
