"""Optuna's pruners under the names of the study file, each watching one phase."""

import copy
import warnings
from bisect import insort
from collections.abc import Callable, Container

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner, HyperbandPruner, MedianPruner, NopPruner, WilcoxonPruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from volopt.studies.attributes import PHASE

PRUNERS: dict[str, Callable[[int, int, str], BasePruner]] = {
    "none": lambda rung, epochs, phase: NopPruner(),
    # The first rung is spared. Nothing is pruned before five trials of the phase are COMPLETE.
    "median": lambda rung, epochs, phase: WithinPhase(MedianPruner(5, n_warmup_steps=rung + 1), phase),
    # Compares by what it wrote into the trials it watched: those of the phases it prunes.
    "hyperband": lambda rung, epochs, phase: HyperbandPruner(min_resource=rung, max_resource=epochs),
    # Looks thrice: early, at one whole seed, at two. Seeds differ about as much as good trials do, and each further
    # look would lose more of the best than it saves.
    "halving": lambda rung, epochs, phase: WithinPhase(HalvingPruner((2 * rung, epochs, 2 * epochs)), phase),
    "wilcoxon": lambda rung, epochs, phase: WithinPhase(WilcoxonPruner(), phase),
}


def pruner(name: str, rung: int, epochs: int, phase: str) -> BasePruner:
    """Return the pruner of the study file's name, for reports every ``rung`` epochs up to ``epochs``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PRUNERS[name](rung, epochs, phase)


class HalvingPruner(BasePruner):
    """Goes on with the better half of all trials that came to a step, pruned ones among them: successive halving.

    A trial is judged as it comes, by those before it (as in ASHA, Li et al. 2020); the best so far always goes on.
    """

    def __init__(self, steps: Container[int]) -> None:
        self._steps = steps

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether a trial that has just reported at one of the steps is in the worse half."""
        step = trial.last_step
        if step is None or step not in self._steps:
            return False
        sign = 1 if study.direction == StudyDirection.MINIMIZE else -1
        reported = [each.intermediate_values for each in study.get_trials(deepcopy=False)]
        values = sorted(sign * found[step] for found in reported if step in found)
        return sign * trial.intermediate_values[step] > values[max(len(values) // 2, 1) - 1]


class WithinPhase(BasePruner):
    """Shows a pruner the trials of one phase only.

    Phases differ in what stays fixed: next to a grid's networks of 250 units, nearly every trial of a phase that varies
    the window of small ones would be pruned, the best among them too.
    """

    def __init__(self, pruner: BasePruner, phase: str) -> None:
        self._pruner, self._phase = pruner, phase
        self._view: tuple[optuna.Study, _PhaseOfStudy] | None = None

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return what the pruner says of a trial among those of its phase."""
        if self._view is None or self._view[0] is not study:
            self._view = study, _PhaseOfStudy(study, self._phase)
        return self._pruner.prune(self._view[1], trial)


class _PhaseOfStudy(optuna.Study):
    """The study as if it held one phase; each trial is looked at until it is finished, and then no more."""

    def __init__(self, study: optuna.Study, phase: str) -> None:
        super().__init__(study.study_name, study._storage, study.sampler, study.pruner)
        self._phase = phase
        self._finished: list[FrozenTrial] = []  # of the phase, by number
        self._unfinished: list[int] = []  # numbers of trials that were not finished when they were looked at
        self._looked_at = 0

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """Return the phase's trials by number."""
        running = self._look(super().get_trials(deepcopy=False))
        found = [trial for trial in self._finished if states is None or trial.state in states]
        for trial in running:
            if states is None or trial.state in states:
                insort(found, trial, key=_number)
        return copy.deepcopy(found) if deepcopy else found

    def _look(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """Sort in what is finished by now, and return those of the phase that are not."""
        some = [trials[number] for number in (*self._unfinished, *range(self._looked_at, len(trials)))]
        self._looked_at = len(trials)
        self._unfinished = [trial.number for trial in some if not trial.state.is_finished()]
        ours = [trial for trial in some if trial.user_attrs.get(PHASE) == self._phase]
        for trial in ours:
            if trial.state.is_finished():
                insort(self._finished, trial, key=_number)
        return [trial for trial in ours if not trial.state.is_finished()]

    @property
    def best_trial(self) -> FrozenTrial:
        """Return the phase's best trial; raises ValueError where none is COMPLETE, as Optuna does."""
        choose = min if self.direction == StudyDirection.MINIMIZE else max
        return choose(
            self.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)), key=lambda each: each.value or 0.0
        )


def _number(trial: FrozenTrial) -> int:
    return trial.number
