"""Show the progress of ``volopt run``."""

from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.progress import TextColumn

from volopt.cli.progress import ProgressDisplay
from volopt.definition.schema import Definition, Phase
from volopt.figures import words
from volopt.search.callbacks import Callback
from volopt.search.plan import PhasePlan
from volopt.storage.artifacts import Artifacts


class RunProgress(ProgressDisplay, Callback):
    """Show finished trials, best value and time left; without a terminal, print a line for each trial."""

    def __init__(self, definition: Definition) -> None:
        super().__init__()
        self._objective = definition.objective
        self._best: float | None = None
        self._done, self._total = 0, 0

    def on_run_begin(self, study: optuna.Study, artifacts: Artifacts, plans: Sequence[PhasePlan]) -> None:
        """Show the bar."""
        seconds = sum(plan.seconds for plan in plans)
        counts = TextColumn("{task.fields[trials]} trials, best {task.fields[best]}")
        completed = 0 if seconds else 1
        self._begin_training("starting", counts, total=seconds or 1, completed=completed, trials="0", best="-")

    def on_phase_begin(self, phase: Phase, done: int, total: int, best: float | None) -> None:
        """Show the phase."""
        self._done, self._total, self._best = done, total, best
        self._show(phase)
        self._print(f"{phase.name}: {done}/{total}")

    def on_progress(self, seconds: float) -> None:
        """Advance the bar."""
        self._bar.advance(self._task, seconds)

    def on_trial_end(self, phase: Phase, trial: FrozenTrial) -> None:
        """Count the trial, and print it where there is no terminal."""
        if trial.state != TrialState.FAIL:
            self._done += 1
        if trial.state == TrialState.COMPLETE and trial.value is not None:
            choose = min if self._objective.direction == "minimize" else max
            self._best = trial.value if self._best is None else choose(self._best, trial.value)
        self._show(phase)
        self._print(f"{phase.name} {self._done}/{self._total}: {words.finished_trial(trial, self._objective.metric)}")

    def _show(self, phase: Phase) -> None:
        best = "-" if self._best is None else f"{self._objective.metric} {self._best:.5g}"
        self._bar.update(self._task, description=phase.name, trials=f"{self._done}/{self._total}", best=best)
