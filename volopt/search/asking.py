"""Ask Optuna for the trials of a phase."""

import functools
import hashlib
import itertools
import random
import warnings
from collections.abc import Callable

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler
from optuna.trial import FrozenTrial

from volopt.definition.schema import Definition, Phase
from volopt.optuna_internals import storage_of, trial_id
from volopt.samplers import SAMPLERS
from volopt.samplers._grid_points import GridPointSampler
from volopt.samplers._new_point import MAX_ATTEMPTS, NewPointSampler, propose
from volopt.search.queue import QueueAsker
from volopt.studies.attributes import PHASE, PROPOSAL, START, Proposal
from volopt.studies.ledger import Ledger
from volopt.studies.space import (
    Params,
    count_points,
    distributions,
    fixed_params,
    is_finite,
    point,
    unknown_point,
    valid_start,
)


class GridAsker:
    """Ask for each open point of a grid."""

    exhausted = 0  # a grid ends with its points

    def __init__(
        self,
        phase: Phase,
        definition: Definition,
        study: optuna.Study,
        ledger: Ledger,
        cost: Callable[[Params], float],
    ) -> None:
        fixed = {key: [value] for key, value in fixed_params(phase, definition, {}).items()}
        grid = fixed | {key: list(values) for key, values in phase.grid.items()}
        self._sampler = GridPointSampler(grid, ledger.is_open, ledger.is_settled, cost)
        self._phase, self._study, self._ledger = phase, study, ledger
        self._distributions = distributions(definition)

    def ask(self) -> list[optuna.Trial]:
        """Return the trial of the next open point, RUNNING; no trial when there is none at present."""
        if self._sampler.next_point() is None:
            return []
        self._study.sampler = self._sampler
        trial = self._study.ask(self._distributions)
        trial.set_user_attr(PHASE, self._phase.name)
        self._ledger.start(self._phase.name, trial.params)
        return [trial]


class ProposalAsker:
    """Ask a sampler for new points until the phase has its trials. Lost points come first."""

    def __init__(self, phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger) -> None:
        self._phase, self._seed, self._study, self._ledger = phase, definition.seed, study, ledger
        self._distributions = distributions(definition)
        best = _best_params(phase, study, definition) if phase.start == "best" else {}
        self._fixed = fixed_params(phase, definition, best)
        self._varied = {key: each for key, each in self._distributions.items() if key not in self._fixed}
        self.exhausted = 0  # points of the phase, where it ended because the study has all of them

    def ask(self) -> list[optuna.Trial]:
        """Return the trials of the next generation, RUNNING; no trial when the phase has its trials.

        Lost points make a generation whole before the next one begins. They are asked in the order of their trials, so
        that a sampler sees the same trials in the same order as in an undisturbed study. Where no trial depends on
        another's result, a generation is one trial.
        """
        name, size = self._phase.name, self._phase.batch if self._phase.in_generations else 1
        if lost := self._ledger.to_retry(name)[:size]:
            return [self._ask_again(params) for params in lost]
        generation = self._ledger.generations[name] + 1 if self._phase.in_generations else 0
        trials: list[optuna.Trial] = []
        while len(trials) < size and (trial := self._ask_new(generation)):
            trials.append(trial)
        return trials

    def _ask_again(self, params: Params) -> optuna.Trial:
        self._study.sampler = fixed_sampler("random", 0, params)
        trial = self._study.ask(self._distributions)
        return self._begin(trial, Proposal(generation=max(self._ledger.generations[self._phase.name], 1)))

    def _ask_new(self, generation: int) -> optuna.Trial | None:
        proposed = self._ledger.proposed(self._phase.name)
        if proposed >= (self._phase.trials or 0):
            return None
        if self._has_all_points():
            self.exhausted = count_points(self._varied)
            return None
        sampler = NewPointSampler(
            functools.partial(self._sampler, proposed), self._distributions, self._is_known, self._draw
        )
        self._study.sampler = sampler
        trial = self._study.ask(self._distributions)
        return self._begin(trial, Proposal(generation=generation, known=sampler.known))

    def _begin(self, trial: optuna.Trial, proposal: Proposal) -> optuna.Trial:
        storage_of(self._study).set_trial_system_attr(trial_id(trial), PROPOSAL, proposal.model_dump())
        trial.set_user_attr(PHASE, self._phase.name)
        self._ledger.start(self._phase.name, trial.params, proposal)
        return trial

    def _sampler(self, proposed: int, attempt: int) -> BaseSampler:
        seed = sampler_seed(self._seed, self._phase.name, proposed, attempt)
        return fixed_sampler(self._phase.sampler, seed, self._fixed)

    def _is_known(self, params: Params) -> bool:
        return point(params) in self._ledger.points

    def _has_all_points(self) -> bool:
        """Return whether the study has all points of the phase; a look at each is needed only in a large study."""
        if not is_finite(self._varied) or count_points(self._varied) > len(self._ledger.points):
            return False
        return self._unknown_point(0.0) is None

    def _unknown_point(self, start: float) -> Params | None:
        return unknown_point(self._fixed, self._varied, self._ledger.points, start)

    def _draw(self, study: optuna.Study, trial: FrozenTrial) -> Params:
        """Return a point at random that the study does not have; there is one."""
        seed = sampler_seed(self._seed, self._phase.name, self._ledger.proposed(self._phase.name), MAX_ATTEMPTS)
        if is_finite(self._varied):
            drawn = self._unknown_point(random.Random(seed).random())
            assert drawn is not None
            return drawn
        sampler = RandomSampler(seed)
        draws = (propose(sampler, study, trial, self._varied) for _ in itertools.count())
        return next(params for varied in draws if not self._is_known(params := self._fixed | varied))


class Asker:
    """Ask for the trials of a phase, those that others have queued first."""

    def __init__(self, queue: QueueAsker, own: GridAsker | ProposalAsker) -> None:
        self._queue, self._own = queue, own

    @property
    def exhausted(self) -> int:
        """Return the points of the phase, where it ended because the study has all of them."""
        return self._own.exhausted

    def ask(self) -> list[optuna.Trial]:
        """Return the next trials, RUNNING; no trial when there is none at present."""
        return self._queue.ask() or self._own.ask()


def asker(
    phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger, cost: Callable[[Params], float]
) -> Asker:
    """Return the asker of a phase."""
    return Asker(QueueAsker(phase, definition, study, ledger), _own_asker(phase, definition, study, ledger, cost))


def _own_asker(
    phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger, cost: Callable[[Params], float]
) -> GridAsker | ProposalAsker:
    if phase.is_grid:
        return GridAsker(phase, definition, study, ledger, cost)
    return ProposalAsker(phase, definition, study, ledger)


def fixed_sampler(name: str, seed: int, fixed: Params) -> BaseSampler:
    """Return a sampler that keeps the ``fixed`` parameters and proposes the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(fixed, SAMPLERS[name].make(seed))


def sampler_seed(seed: int, phase: str, proposed: int, attempt: int = 0) -> int:
    """Return the seed of one proposal. A resumed study therefore proposes what an undisturbed one would.

    Args:
        seed: the study's.
        phase: the phase's name.
        proposed: points that the phase has proposed before.
        attempt: how many points were proposed in vain for the same trial.
    """
    again = f"/{attempt}" if attempt else ""
    return int.from_bytes(hashlib.sha256(f"{seed}/{phase}/{proposed}{again}".encode()).digest()[:4])


def _best_params(phase: Phase, study: optuna.Study, definition: Definition) -> Params:
    """Return the best trial's parameters when the phase began. They are stored, so that a resume finds the same."""
    stored = valid_start(phase, study, definition)
    if stored is None:
        complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        stored = dict(study.best_trial.params) if complete else {}
        study.set_user_attr(START + phase.name, stored)
    return stored
