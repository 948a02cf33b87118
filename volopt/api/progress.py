"""Print the progress of a call from Python, one line a trial, seed or period."""

from collections import Counter
from collections.abc import Callable, Sequence

import optuna
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Phase
from volopt.figures import words
from volopt.forecast.local import Watch
from volopt.forecast.walk_forward.run import RefitStep
from volopt.search.callbacks import Callback
from volopt.search.job import Job
from volopt.search.plan import PhasePlan
from volopt.search.run_clock import RunClock
from volopt.storage.artifacts import Artifacts


class PrintedTrials(Callback):
    """Print how long a run takes, and a line for each of its trials."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._metric = job.definition.objective.metric
        self._done, self._total = 0, 0

    def on_run_begin(self, study: optuna.Study, artifacts: Artifacts, plans: Sequence[PhasePlan]) -> None:
        """Print how long the run takes."""
        clock = RunClock(plans, self._job.cost, self._job.workers)
        if clock.fits:
            print(clock.expectation(), flush=True)

    def on_phase_begin(self, phase: Phase, done: int, total: int, best: float | None) -> None:
        """Print how much of the phase is done."""
        self._done, self._total = done, total
        print(f"{phase.name}: {done}/{total}", flush=True)

    def on_trial_end(self, phase: Phase, trial: FrozenTrial) -> None:
        """Print the trial."""
        self._done += trial.state != TrialState.FAIL
        print(f"{phase.name} {self._done}/{self._total}: {words.finished_trial(trial, self._metric)}", flush=True)


def watch_fits(progress: bool | Watch) -> Watch:
    """Return what a refit reports its fits to: the caller's own function, lines, or nothing."""
    if callable(progress):
        return progress
    return _print_periods if progress else lambda steps: lambda step: None


def _print_periods(steps: Sequence[RefitStep]) -> Callable[[RefitStep], None]:
    left = Counter(step.period for step in steps)

    def done(step: RefitStep) -> None:
        left[step.period] -= 1
        if not left[step.period]:
            finished = list(left.values()).count(0)
            print(words.forecast_period(step.period.first, step.period.last, finished, len(left)), flush=True)

    return done
