"""A study as if it held the trials of one phase, for pruners that compare within a phase."""

import copy
import warnings
from bisect import insort
from collections.abc import Container
from operator import attrgetter

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Phase
from volopt.optuna_internals import storage_of
from volopt.pruners import PRUNERS
from volopt.studies.attributes import PHASE


def phase_pruner(phase: Phase, rung: int, epochs: int) -> BasePruner:
    """Return the pruner of a phase, for reports every ``rung`` epochs up to ``epochs``."""
    entry = PRUNERS[phase.pruner]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        pruner = entry.make(rung, epochs)
    return PhasePruner(pruner, phase.name) if entry.sees_phase else pruner


class PhasePruner(BasePruner):
    """Show a pruner the trials of one phase only."""

    def __init__(self, pruner: BasePruner, phase: str) -> None:
        self._pruner, self._phase = pruner, phase
        self._view: tuple[optuna.Study, _PhaseView] | None = None

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether the pruner ends a trial, among those of its phase."""
        if self._view is None or self._view[0] is not study:
            self._view = study, _PhaseView(study, self._phase)
        return self._pruner.prune(self._view[1], trial)


class _PhaseView(optuna.Study):
    """Hold the trials of one phase. It reads each trial until the trial is finished, and then no more."""

    def __init__(self, study: optuna.Study, phase: str) -> None:
        super().__init__(study.study_name, storage_of(study), study.sampler, study.pruner)
        self._phase = phase
        self._finished: list[FrozenTrial] = []  # of the phase, by number
        self._unfinished: list[int] = []  # numbers of trials that were not finished when they were read
        self._read = 0  # trials that were read

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """Return the phase's trials by number."""
        running = self._update(super().get_trials(deepcopy=False))
        trials = [trial for trial in self._finished if states is None or trial.state in states]
        for trial in running:
            if states is None or trial.state in states:
                insort(trials, trial, key=attrgetter("number"))
        return copy.deepcopy(trials) if deepcopy else trials

    def _update(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """Keep the trials that are finished by now, and return those of the phase that are not."""
        new = [trials[number] for number in (*self._unfinished, *range(self._read, len(trials)))]
        self._read = len(trials)
        self._unfinished = [trial.number for trial in new if not trial.state.is_finished()]
        of_phase = [trial for trial in new if trial.user_attrs.get(PHASE) == self._phase]
        for trial in of_phase:
            if trial.state.is_finished():
                insort(self._finished, trial, key=attrgetter("number"))
        return [trial for trial in of_phase if not trial.state.is_finished()]

    @property
    def best_trial(self) -> FrozenTrial:
        """Return the phase's best trial; raises ValueError where no trial is COMPLETE, as Optuna does."""
        choose = min if self.direction == StudyDirection.MINIMIZE else max
        complete = self.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return choose(complete, key=lambda trial: trial.value or 0.0)
