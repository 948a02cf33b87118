"""A study as a pruner sees it: the trials of its phase whose generations are finished."""

import copy
import warnings
from collections.abc import Container
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Phase
from volopt.optuna_internals import storage_of, study_id
from volopt.pruners import PRUNERS
from volopt.studies.attributes import PHASE, proposal


def phase_pruner(phase: Phase, rung: int, epochs: int) -> BasePruner:
    """Return the pruner of a phase, for reports every ``rung`` epochs up to ``epochs``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PhasePruner(PRUNERS[phase.pruner].make(rung, epochs), phase.name)


class PhasePruner(BasePruner):
    """Show a pruner the finished trials of one phase, without those of the generation of the trial that it judges.

    Phases differ in what stays fixed: beside a grid's networks of 250 units, nearly all trials of small networks would
    be pruned. How far the other trials of a generation are depends on the machine, and no decision may depend on it.
    """

    def __init__(self, pruner: BasePruner, phase: str) -> None:
        self._pruner, self._phase = pruner, phase
        self._view: tuple[int, optuna.Study] | None = None  # of the last generation

    def prune(self, study: optuna.Study, trial: FrozenTrial) -> bool:
        """Return whether the pruner ends a trial, among those of its phase."""
        generation = proposal(trial).generation
        if self._view is None or self._view[0] != generation:
            storage: Any = _EarlierTrials(study, self._phase, generation)
            self._view = generation, optuna.Study(study.study_name, storage, study.sampler, study.pruner)
        return self._pruner.prune(self._view[1], trial)


class _EarlierTrials:
    """Stand before a storage and show the finished trials of a phase's earlier generations only.

    A view at this place holds for pruners that make a study of their own, as Hyperband does.
    """

    def __init__(self, study: optuna.Study, phase: str, generation: int) -> None:
        self._storage, self._direction = storage_of(study), study.direction
        self._trials = [
            trial
            for trial in self._storage.get_all_trials(study_id(study), deepcopy=False)
            if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
            and trial.user_attrs.get(PHASE) == phase
            and proposal(trial).generation < generation
        ]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials by number."""
        trials = [trial for trial in self._trials if states is None or trial.state in states]
        return copy.deepcopy(trials) if deepcopy else trials

    def get_best_trial(self, study_id: int) -> FrozenTrial:
        """Return the best trial, the first of several; raises ValueError where no trial is COMPLETE, as Optuna does."""
        choose = min if self._direction == StudyDirection.MINIMIZE else max
        complete = self.get_all_trials(study_id, deepcopy=False, states=(TrialState.COMPLETE,))
        return choose(complete, key=lambda trial: trial.value or 0.0)
