"""React to a run while it goes on: progress displays, pictures, notes."""

from collections.abc import Sequence
from typing import NamedTuple

import optuna
from optuna.trial import FrozenTrial

from volopt.definition.schema import Phase
from volopt.search.plan import PhasePlan
from volopt.storage.artifacts import Artifacts
from volopt.studies.space import Params
from volopt.studies.trial_file import TrialFile


class Progress(NamedTuple):
    """Tell how far a trial is."""

    trial: int
    epochs: int  # that were trained since the last time
    finished: bool  # whether they ended a fit
    fits_left: float  # of the trial; one that is half trained counts half


class Callback:
    """Do nothing at each event of a run. Subclasses override the events that they need."""

    def on_run_begin(self, study: optuna.Study, artifacts: Artifacts, plans: Sequence[PhasePlan]) -> None:
        """React to the beginning of a run; ``plans`` tells what is left of each phase."""

    def on_phase_begin(self, phase: Phase, done: int, total: int, best: float | None) -> None:
        """React to the beginning of a phase with ``done`` of ``total`` trials finished, and the study's best value."""

    def on_trial_begin(self, phase: Phase, number: int, params: Params, fits: float) -> None:
        """React to the beginning of a trial that has so many fits to train; one that is half trained counts half."""

    def on_progress(self, progress: Progress) -> None:
        """React to epochs that were trained."""

    def on_trial_result(self, trial: optuna.Trial, file: TrialFile, value: float | None) -> None:
        """React to the results of a trial that is still RUNNING, which is when Optuna lets files be attached.

        Args:
            trial: RUNNING.
            file: its results.
            value: which it will have; None where it is pruned.
        """

    def on_trial_failure(self, trial: optuna.Trial | FrozenTrial, reason: str) -> None:
        """React to a trial that failed."""

    def on_trial_end(self, phase: Phase, trial: FrozenTrial) -> None:
        """React to a trial that is COMPLETE, PRUNED or FAIL."""

    def on_phase_end(self, phase: Phase) -> None:
        """React to the end of a phase."""

    def on_run_end(self, study: optuna.Study) -> None:
        """React to the end of a run; all that it read of the study is still in memory."""
