"""One trial on its way: its fits, how far each has come, what to train next and what to report."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna

from volopt.definition.schema import Phase
from volopt.studies.space import Params
from volopt.training.curves import Curves
from volopt.training.progress import Progress
from volopt.training.task import Fit, State, Task


@dataclass
class SeedRun:
    """One seed of a trial."""

    task: Task
    key: str  # of the finished fit
    state: State | None = None
    curves: Curves | None = None
    fit: Fit | None = None
    busy: bool = False
    deaths: int = 0  # of the processes that trained it, since the last rung
    kept: bool = False  # whether a state is on disk

    @property
    def epoch(self) -> int:
        """Return the epochs trained."""
        return len(self.curves.train_mse) if self.curves else 0

    def take(self, fit: Fit) -> None:
        """Note that the fit is finished."""
        self.fit, self.curves, self.state = fit, Curves.from_arrays(fit.curves), None

    def resume(self, state: State) -> None:
        """Go on from a state that an earlier run kept; raises ValueError where its curves are not whole."""
        curves = Curves.from_arrays(state.arrays)
        if not len(curves.train_mse) == len(curves.valid_mse) == state.epoch < self.task.epochs:
            raise ValueError(f"the curves of a state at epoch {state.epoch} have {len(curves.valid_mse)}")
        self.state, self.curves, self.kept = state, curves, True

    def receive(self, progress: Progress) -> None:
        """Note how far the fit has come."""
        self.busy, self.deaths = False, 0
        if progress.fit is not None:
            self.take(progress.fit)
        else:
            self.state, self.curves = progress.state, progress.curves

    def until(self) -> int:
        """Return the next rung, an epoch."""
        rung = self.task.rung
        return min((self.epoch // rung + 1) * rung, self.task.epochs)

    def reached(self, epoch: int) -> bool:
        """Return whether the fit has a value at this epoch: it came so far, or ended earlier by itself."""
        return self.fit is not None or self.epoch >= epoch

    def value(self, epoch: int) -> float:
        """Return the objective's metric at an epoch, of the weights that would be kept if it ended there."""
        assert self.curves is not None
        return self.curves.value(self.task.metric, min(epoch, self.epoch), self.task.early_stopping is not None)


class TrialRun:
    """One RUNNING trial.

    The pruner decides how its seeds go on: without one each runs freely; median and hyperband compare trials at rungs,
    so all seeds advance together; wilcoxon compares seed by seed, so one follows the other. So they do with halving,
    which looks at the first seed before it spends anything on another.
    """

    def __init__(
        self, trial: optuna.Trial, phase: Phase, params: Params, members: Sequence[SeedRun], *, by_seed: bool
    ) -> None:
        self.trial, self.phase, self.params = trial, phase, params
        self.members = list(members)
        self.by_seed = by_seed  # reports are one a seed, else one a rung
        self.reported = 0  # reports made so far: seeds, or rungs

    @property
    def finished(self) -> bool:
        """Return whether every fit is finished."""
        return all(member.fit is not None for member in self.members)

    def ready(self) -> list[SeedRun]:
        """Return the members to train now, up to their next rung."""
        idle = [member for member in self.members if member.fit is None and not member.busy]
        if self.phase.pruner == "none":
            return idle
        if any(member.busy for member in self.members):
            return []
        if self.phase.pruner in ("wilcoxon", "halving"):
            return idle[:1]
        slowest = min((member.epoch for member in idle), default=0)
        return [member for member in idle if member.epoch == slowest]

    def reports(self) -> list[tuple[int, float]]:
        """Return what can be reported since the last call, as (step, value)."""
        if self.phase.pruner == "halving":
            made = self._first_seed_reports()[self.reported :]
        else:
            made = self._seed_reports() if self.by_seed else self._rung_reports()
        self.reported += len(made)
        return made

    def value(self) -> float:
        """Return the trial's value: the mean of its seeds'."""
        return float(np.mean([member.value(member.epoch) for member in self.members]))

    def _seed_reports(self) -> list[tuple[int, float]]:
        made = []
        for step, member in enumerate(self.members[self.reported :], start=self.reported):
            if member.fit is None:
                break
            made.append((step, member.value(member.epoch)))
        return made

    def _first_seed_reports(self) -> list[tuple[int, float]]:
        """Return all reports so far: the rungs of the first seed, then the mean of two, three and more finished ones.

        A step is the epochs that all these seeds have, were none of them stopped early.
        """
        first, epochs = self.members[0], self.members[0].task.epochs
        rungs = [epoch for epoch in range(first.task.rung, epochs + 1, first.task.rung) if first.reached(epoch)]
        made = [(epoch, first.value(epoch)) for epoch in rungs]
        ended = [member.value(member.epoch) for member in itertools.takewhile(lambda each: each.fit, self.members)]
        return made + [(count * epochs, float(np.mean(ended[:count]))) for count in range(2, len(ended) + 1)]

    def _rung_reports(self) -> list[tuple[int, float]]:
        task, longest = self.members[0].task, max(member.epoch for member in self.members)
        made = []
        for epoch in range((self.reported + 1) * task.rung, longest + 1, task.rung):
            if not all(member.reached(epoch) for member in self.members):
                break
            made.append((epoch, float(np.mean([member.value(epoch) for member in self.members]))))
        return made
