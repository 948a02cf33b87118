"""Show the progress of ``volopt run``."""

import math
from collections.abc import Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn

from volopt.cli.progress import ProgressDisplay, TextNow
from volopt.definition.schema import Phase
from volopt.figures import words
from volopt.search.callbacks import Callback, Progress
from volopt.search.job import Job
from volopt.search.plan import PhasePlan
from volopt.search.run_clock import RunClock, duration
from volopt.storage.artifacts import Artifacts
from volopt.studies.space import Params


class RunProgress(ProgressDisplay, Callback):
    """Show what is done, the best value and the time left; without a terminal, print a line for each trial.

    Args:
        job: to run.
        watch: the command that shows the study while it runs.
    """

    def __init__(self, job: Job, watch: str) -> None:
        super().__init__()
        self._job, self._watch = job, watch
        self._objective = job.definition.objective
        self._best: float | None = None
        self._phase, self._done, self._total = "", 0, 0

    def on_run_begin(self, study: optuna.Study, artifacts: Artifacts, plans: Sequence[PhasePlan]) -> None:
        """Tell how long the run takes, and show the bar."""
        self._clock = RunClock(plans, self._job.cost, self._job.workers)
        if self._clock.fits:
            how = f"Ctrl-C is safe: the same command resumes the study. To watch: {self._watch}"
            self.console.print(f"{self._clock.expectation()}\n{how}", highlight=False, soft_wrap=True)
        counts = TextNow(self._counts), TextColumn("best {task.fields[best]}")
        columns = BarColumn(None), *counts, TimeElapsedColumn(), TextNow(self._left)
        self._begin("starting", TextColumn("[bold]{task.description}"), *columns, total=1.0, best="-")
        self._break_silence(self._line)

    def on_phase_begin(self, phase: Phase, done: int, total: int, best: float | None) -> None:
        """Show the phase."""
        self._phase, self._done, self._total, self._best = phase.name, done, total, best
        self._show()
        self._print(f"{phase.name}: {done}/{total}")

    def on_trial_begin(self, phase: Phase, number: int, params: Params, fits: float) -> None:
        """Expect the fits of the trial."""
        self._clock.begin_trial(phase, number, params, fits)

    def on_progress(self, progress: Progress) -> None:
        """Advance the bar."""
        self._clock.advance(progress)
        self._show()

    def on_trial_end(self, phase: Phase, trial: FrozenTrial) -> None:
        """Count the trial, and print it where there is no terminal."""
        self._clock.end_trial(trial.number)
        if trial.state != TrialState.FAIL:
            self._done += 1
            self._total = max(self._total, self._done)  # others may have queued more
        if trial.state == TrialState.COMPLETE and trial.value is not None:
            choose = min if self._objective.direction == "minimize" else max
            self._best = trial.value if self._best is None else choose(self._best, trial.value)
        self._show()
        self._print(f"{phase.name} {self._done}/{self._total}: {words.finished_trial(trial, self._objective.metric)}")

    def on_phase_end(self, phase: Phase) -> None:
        """Count the phase as done, unless a timeout ended it."""
        if self._done >= self._total or math.isinf(self._job.timeout):
            self._clock.end_phase(phase)
        self._show()

    def _show(self) -> None:
        best = "-" if self._best is None else f"{self._best:.4g}"
        description = f"{self._phase} {self._done}/{self._total}"
        self._bar.update(self._task, description=description, completed=self._clock.share, best=best)

    def _counts(self) -> str:
        return f"{self._clock.trained}/{self._clock.fits} fits, {self._clock.epochs:,} epochs"

    def _left(self) -> str:
        return f"{duration(self._clock.seconds_left())} left" if self._clock.share < 1 else ""

    def _line(self) -> str:
        return f"{self._phase} {self._done}/{self._total}: {self._counts()}, {self._left()}"
