"""TPE that costs the same however long a study is.

Optuna's puts a kernel on every finished trial, so that after 100,000 trials a proposal takes seconds. Of these, the 25
best alone make up the density of good points, and the older another one is the less it weighs in that of the rest.
Beyond ``MOST`` finished trials this one therefore learns from the best 25 that are COMPLETE and from the most recent
others: the density of good points stays what it was, that of the rest forgets the oldest. Up to ``MOST`` it proposes
what Optuna's does, number by number.
"""

import heapq
from collections.abc import Container
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

MOST = 1000  # finished trials that a proposal is made from
BEST = 25  # of them, the best: Optuna's TPE calls no more than these good
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class WindowedTPESampler(TPESampler):
    """Optuna's TPE over a window of the study. One asks for one trial."""

    def __init__(self, seed: int, most: int = MOST) -> None:
        super().__init__(seed=seed)
        self._most = most
        self._view: tuple[int, Any] | None = None  # the number of a trial, and what of the study is seen for it

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return what all trials of the window have in common."""
        return super().infer_relative_search_space(self._window(study, trial), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the parameters that are proposed together."""
        return super().sample_relative(self._window(study, trial), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a parameter by itself."""
        return super().sample_independent(self._window(study, trial), trial, param_name, param_distribution)

    def _window(self, study: Study, trial: FrozenTrial) -> Any:
        if self._view is None or self._view[0] != trial.number:
            finished = study._get_trials(deepcopy=False, states=FINISHED, use_cache=True)
            whole = len(finished) <= self._most
            self._view = trial.number, study if whole else _StudyWindow(study, kept(study, finished, self._most))
        return self._view[1]


def kept(study: Study, finished: list[FrozenTrial], most: int) -> list[FrozenTrial]:
    """Return the finished trials of a window: the ``BEST``, and of the others the most recent, by number.

    Args:
        study: for its direction.
        finished: its COMPLETE and PRUNED trials, by number.
        most: trials to return.
    """
    sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    best = heapq.nsmallest(BEST, complete, key=lambda trial: sign * trial.values[0])
    numbers = {trial.number for trial in best}
    others: list[FrozenTrial] = []
    for trial in reversed(finished):
        if len(others) == most - len(best):
            break
        if trial.number not in numbers:
            others.append(trial)
    return sorted([*best, *others], key=lambda trial: trial.number)


class _StudyWindow:
    """What a sampler sees of a study: some of its finished trials, and all that run."""

    def __init__(self, study: Study, finished: list[FrozenTrial]) -> None:
        self._study, self._finished = study, finished

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        """Return the trials by number, as a study does."""
        wanted = [state for state in (TrialState.RUNNING, TrialState.WAITING) if states is None or state in states]
        running = self._study._get_trials(deepcopy, tuple(wanted), use_cache) if wanted else []
        finished = [trial for trial in self._finished if states is None or trial.state in states]
        return sorted([*finished, *running], key=lambda trial: trial.number)
