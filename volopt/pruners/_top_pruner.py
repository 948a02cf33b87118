"""Early discarding after a first look."""

import optuna
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial


class TopPruner(BasePruner):
    """Continue a trial if it is among the ``k`` best of all trials that reached the first look, pruned ones among them.

    So the first ``k`` trials of a phase continue, and later ones only if they displace one of the best; of ``n`` trials
    in a random order about k · (1 + ln(n / k)) continue. It is the 1-epoch baseline of Egele et al. (2024), for trials
    that come one after another.
    """

    def __init__(self, step: int, k: int) -> None:
        self._step, self._k = step, k

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial that has just reported at the step is not among the best."""
        if trial.last_step != self._step:
            return False
        sign = 1.0 if study.direction == StudyDirection.MINIMIZE else -1.0
        reports = [each.intermediate_values for each in study.get_trials(deepcopy=False)]
        values = [sign * report[self._step] for report in reports if self._step in report]
        return sum(value < sign * trial.intermediate_values[self._step] for value in values) >= self._k
