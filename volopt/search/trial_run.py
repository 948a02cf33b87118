"""A trial while it runs: its fits, how far each is trained, what to train next, and what to report."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.trial import TrialState

from volopt.definition.schema import Phase
from volopt.pruners import PRUNERS
from volopt.studies.space import Params
from volopt.training.task import Curves, Fit, State, Task


@dataclass(frozen=True)
class Outcome:
    """Hold how a trial ended: its value if it is COMPLETE, the reason if it is FAIL."""

    state: TrialState
    value: float | None = None
    reason: str = ""


def failure(reason: str) -> Outcome:
    """Return the outcome of a trial that failed."""
    return Outcome(TrialState.FAIL, reason=reason)


@dataclass
class SeedRun:
    """Hold the fit of one seed, in one valid period, while it is trained."""

    task: Task
    key: str  # of the finished fit
    state: State | None = None
    curves: Curves | None = None
    fit: Fit | None = None
    busy: bool = False  # whether it is being trained
    deaths: int = 0  # of worker processes that trained it, since the last rung
    has_state_file: bool = False

    @property
    def epoch(self) -> int:
        """Return the number of trained epochs."""
        return len(self.curves.train_mse) if self.curves else 0

    def finish(self, fit: Fit) -> None:
        """Take a finished fit."""
        self.fit, self.curves, self.state = fit, fit.curves, None

    def resume(self, state: State) -> None:
        """Continue from the stored state of an earlier run; raises ValueError where its curves are not whole."""
        curves = state.curves
        if not len(curves.train_mse) == len(curves.valid_mse) == state.epoch < self.task.epochs:
            raise ValueError(f"the curves of a state at epoch {state.epoch} have {len(curves.valid_mse)}")
        self.state, self.curves, self.has_state_file = state, curves, True

    def receive(self, result: State | Fit) -> None:
        """Take the result of training."""
        self.busy, self.deaths = False, 0
        if isinstance(result, Fit):
            self.finish(result)
        else:
            self.state, self.curves = result, result.curves

    def next_rung(self) -> int:
        """Return the epoch of the next rung."""
        rung = self.task.rung
        return min((self.epoch // rung + 1) * rung, self.task.epochs)

    def reached(self, epoch: int) -> bool:
        """Return whether the fit has a value at this epoch: it was trained so far, or stopped earlier by itself."""
        return self.fit is not None or self.epoch >= epoch

    def value(self, epoch: int) -> float:
        """Return the objective's metric of the weights that the fit would keep if it ended at this epoch."""
        assert self.curves is not None
        return self.curves.value(self.task.metric, min(epoch, self.epoch), self.task.early_stopping is not None)


class TrialRun:
    """Hold a RUNNING trial.

    The pruner decides how the seeds of the trial are trained and what the trial reports, see ``volopt.pruners``.

    Args:
        trial: RUNNING.
        phase: that asked for it.
        params: its parameters.
        seeds: its fits, by seed and then by valid period; each is a block for the pruner.
        by_seed: whether it reports the value of each seed; one phase with such a pruner decides it for all phases.
    """

    def __init__(
        self, trial: optuna.Trial, phase: Phase, params: Params, seeds: Sequence[SeedRun], *, by_seed: bool
    ) -> None:
        self.trial, self.phase, self.params = trial, phase, params
        self.seeds = list(seeds)
        self._pruner = PRUNERS[phase.pruner]
        self._by_seed = by_seed
        self._reported = 0  # reports made so far
        self.outcome: Outcome | None = None  # None while it is trained

    @property
    def finished(self) -> bool:
        """Return whether all fits are finished."""
        return all(seed.fit is not None for seed in self.seeds)

    @property
    def fits_left(self) -> float:
        """Return how many fits are left to train; one that is half trained counts half."""
        return sum(1 - seed.epoch / seed.task.epochs for seed in self.seeds if seed.fit is None)

    def ready(self) -> list[SeedRun]:
        """Return the seeds to train now, up to their next rung."""
        idle = [seed for seed in self.seeds if seed.fit is None and not seed.busy]
        if self._pruner.seeds == "freely":
            return idle
        if any(seed.busy for seed in self.seeds):
            return []
        if self._pruner.seeds == "after":
            return idle[:1]
        slowest = min((seed.epoch for seed in idle), default=0)
        return [seed for seed in idle if seed.epoch == slowest]

    def reports(self) -> list[tuple[int, float]]:
        """Return what can be reported since the last call, as (step, value)."""
        if self._pruner.reports == "first seed":
            reports = self._first_seed_reports()[self._reported :]
        elif self._pruner.reports == "block":
            reports = self._block_reports()[self._reported :]
        else:
            reports = self._seed_reports() if self._by_seed else self._rung_reports()
        self._reported += len(reports)
        return reports

    def value(self) -> float:
        """Return the trial's value: the mean of its seeds' values."""
        return float(np.mean([seed.value(seed.epoch) for seed in self.seeds]))

    def _seed_reports(self) -> list[tuple[int, float]]:
        finished = itertools.takewhile(lambda seed: seed.fit, self.seeds[self._reported :])
        return [(step, seed.value(seed.epoch)) for step, seed in enumerate(finished, start=self._reported)]

    def _first_seed_reports(self) -> list[tuple[int, float]]:
        """Return all reports so far: the rungs of the first seed, then the mean of two, three and more finished seeds.

        A step is the sum of the epochs of these seeds, as if none had stopped early.
        """
        first, epochs = self.seeds[0], self.seeds[0].task.epochs
        rungs = [epoch for epoch in range(first.task.rung, epochs + 1, first.task.rung) if first.reached(epoch)]
        finished = [seed.value(seed.epoch) for seed in itertools.takewhile(lambda seed: seed.fit, self.seeds)]
        means = [(count * epochs, float(np.mean(finished[:count]))) for count in range(2, len(finished) + 1)]
        return [*((epoch, first.value(epoch)) for epoch in rungs), *means]

    def _block_reports(self) -> list[tuple[int, float]]:
        """Return all reports so far: the first fit's rungs before its end, then each finished fit's own value.

        A step is the sum of the epochs of these fits, as if none had stopped early.
        """
        first, epochs = self.seeds[0], self.seeds[0].task.epochs
        rungs = [epoch for epoch in range(first.task.rung, epochs, first.task.rung) if first.reached(epoch)]
        finished = itertools.takewhile(lambda seed: seed.fit, self.seeds)
        blocks = [(count * epochs, seed.value(seed.epoch)) for count, seed in enumerate(finished, start=1)]
        return [*((epoch, first.value(epoch)) for epoch in rungs), *blocks]

    def _rung_reports(self) -> list[tuple[int, float]]:
        task, longest = self.seeds[0].task, max(seed.epoch for seed in self.seeds)
        epochs = range((self._reported + 1) * task.rung, longest + 1, task.rung)
        reached = itertools.takewhile(lambda epoch: all(seed.reached(epoch) for seed in self.seeds), epochs)
        return [(epoch, float(np.mean([seed.value(epoch) for seed in self.seeds]))) for epoch in reached]
