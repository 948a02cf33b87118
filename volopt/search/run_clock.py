"""Estimate how much of a run is done, and how long the rest takes."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from volopt.definition.schema import Phase
from volopt.search.callbacks import Progress
from volopt.search.plan import PhasePlan
from volopt.studies.space import Params

TRUSTED_SECONDS = 20.0  # the plan's estimate counts as much as so many seconds of the run


@dataclass
class _RunningTrial:
    """Hold what a trial was expected to take, and what is left of it."""

    seconds: float  # CPU, of the plan
    planned: int  # fits, of the plan
    to_train: float  # fits, when it began
    left: float  # fits
    trained: int = 0  # fits

    @property
    def done(self) -> float:
        """Return the seconds of the plan that are done."""
        return self.seconds * (1 - self.left / self.to_train) if self.to_train else self.seconds


class RunClock:
    """Count trials, fits and epochs against a plan.

    A trial that ends, even a pruned one, has done what the plan expected of it. So the time that the run has taken for
    its part of the plan corrects the plan in every respect: the machine's speed, pruning, what a sampler proposes.

    Args:
        plans: of the phases to run.
        cost: returns the estimated CPU seconds of one fit.
        workers: that train at the same time.
        now: returns the time in seconds.

    Attributes:
        trained: fits.
        fits: that are trained or expected.
        epochs: that were trained.
    """

    def __init__(
        self,
        plans: Sequence[PhasePlan],
        cost: Callable[[Params], float],
        workers: int,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plans = {plan.name: plan for plan in plans}
        self._cost, self._workers, self._now = cost, workers, now
        self._began = now()
        self._seconds = sum(plan.seconds for plan in plans)
        self._ended = 0.0  # seconds of the plan, of trials that ended
        self._running: dict[int, _RunningTrial] = {}
        self.trained, self.fits, self.epochs = 0, sum(plan.fits for plan in plans), 0

    @property
    def share(self) -> float:
        """Return the share of the plan that is done, between 0 and 1."""
        return self._done() / self._seconds if self._seconds else 1.0

    def begin_trial(self, phase: Phase, number: int, params: Params, fits: float) -> None:
        """Expect the fits of a trial; one that is half trained counts half."""
        plan = self._plans[phase.name]
        if phase.is_grid:
            seconds, planned = self._cost(params) * fits, math.ceil(fits)
        else:
            trials = max(plan.total - plan.done, 1)
            seconds, planned = plan.seconds / trials, plan.fits // trials
        self._running[number] = _RunningTrial(seconds, planned, fits, fits)

    def advance(self, progress: Progress) -> None:
        """Count epochs that were trained."""
        trial = self._running[progress.trial]
        trial.left = progress.fits_left
        trial.trained += progress.finished
        self.trained += progress.finished
        self.epochs += progress.epochs

    def end_trial(self, number: int) -> None:
        """Count a trial as done."""
        if trial := self._running.pop(number, None):  # one that an earlier run left is none
            self._ended += trial.seconds
            self.fits += trial.trained - trial.planned

    def end_phase(self, phase: Phase) -> None:
        """Count a phase as done; its trials may have been fewer than planned, or more, where some failed."""
        phases = list(self._plans)
        self._ended = sum(self._plans[name].seconds for name in phases[: phases.index(phase.name) + 1])

    def seconds_left(self) -> float:
        """Return about how many seconds the rest takes."""
        done = self._done() / self._workers
        pace = (self._now() - self._began + TRUSTED_SECONDS) / (done + TRUSTED_SECONDS)
        return (self._seconds / self._workers - done) * pace

    def expectation(self) -> str:
        """Return how many fits are left to train and about how long that takes, in a sentence."""
        workers = "1 worker" if self._workers == 1 else f"{self._workers} workers"
        return (
            f"{self.fits:,} fits to train, {duration(self.seconds_left())} with {workers}; the first fits will correct "
            "this."
        )

    def _done(self) -> float:
        running = list(self._running.values())  # the thread of a display reads it
        return min(self._ended + sum(trial.done for trial in running), self._seconds)


def duration(seconds: float) -> str:
    """Return a time in words, such as "about 4 min"."""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 120 else f"about {seconds / 3600:.1f} h"
