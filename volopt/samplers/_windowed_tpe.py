"""TPE whose cost does not grow with the study.

Optuna's TPE puts a kernel on each finished trial, so a proposal takes seconds after 100,000 trials. The 25 best trials
alone make the density of good points, and older trials weigh less in the density of the others. With more than
``MAX_TRIALS_SEEN`` finished trials, this sampler therefore learns from the 25 best COMPLETE trials and the most recent
others: the density of good points stays the same, that of the others forgets the oldest trials. With fewer it proposes
exactly what Optuna's TPE proposes.
"""

import heapq
from collections.abc import Container
from itertools import islice
from typing import Any

from optuna import Study
from optuna.distributions import BaseDistribution
from optuna.samplers import TPESampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from volopt.optuna_internals import trials_of_ask

MAX_TRIALS_SEEN = 1000  # finished trials
BEST_TRIALS = 25  # of them; Optuna's TPE calls no more trials good
FINISHED = (TrialState.COMPLETE, TrialState.PRUNED)


class WindowedTPESampler(TPESampler):
    """Propose values as Optuna's TPE does, from a window of the study. One instance serves one ask."""

    def __init__(self, seed: int, max_trials: int = MAX_TRIALS_SEEN) -> None:
        super().__init__(seed=seed)
        self._max_trials = max_trials
        self._view: tuple[int, Any] | None = None  # the number of a trial, and the study as that trial sees it

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the distributions that all trials of the window share."""
        return super().infer_relative_search_space(self._window(study, trial), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return the values that are proposed together."""
        return super().sample_relative(self._window(study, trial), trial, search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return a value that is proposed by itself."""
        return super().sample_independent(self._window(study, trial), trial, param_name, param_distribution)

    def _window(self, study: Study, trial: FrozenTrial) -> Any:
        if self._view is None or self._view[0] != trial.number:
            finished = trials_of_ask(study, FINISHED)
            if len(finished) <= self._max_trials:
                self._view = trial.number, study
            else:
                self._view = trial.number, _StudyWindow(study, trials_seen(study, finished, self._max_trials))
        return self._view[1]


def trials_seen(study: Study, finished: list[FrozenTrial], max_trials: int) -> list[FrozenTrial]:
    """Return the trials of a window by number: the best ones, and the most recent others.

    Args:
        study: for its direction.
        finished: its COMPLETE and PRUNED trials, by number.
        max_trials: trials to return.
    """
    sign = -1.0 if study.direction == StudyDirection.MAXIMIZE else 1.0
    complete = [trial for trial in finished if trial.state == TrialState.COMPLETE]
    best = heapq.nsmallest(BEST_TRIALS, complete, key=lambda trial: sign * trial.values[0])
    numbers = {trial.number for trial in best}
    others = islice((trial for trial in reversed(finished) if trial.number not in numbers), max_trials - len(best))
    return sorted([*best, *others], key=lambda trial: trial.number)


class _StudyWindow:
    """Show a sampler some finished trials of a study, and all that run."""

    def __init__(self, study: Study, finished: list[FrozenTrial]) -> None:
        self._study, self._finished = study, finished

    def __getattr__(self, name: str) -> Any:
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None, use_cache: bool = False
    ) -> list[FrozenTrial]:
        """Return the trials by number; Optuna's samplers call this method of a study."""
        wanted = [state for state in (TrialState.RUNNING, TrialState.WAITING) if states is None or state in states]
        unfinished = trials_of_ask(self._study, tuple(wanted), use_cache=use_cache) if wanted else []
        finished = [trial for trial in self._finished if states is None or trial.state in states]
        return sorted([*finished, *unfinished], key=lambda trial: trial.number)
