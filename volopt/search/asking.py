"""Phases: which points a sampler has still to take, and asking for the next one."""

from collections.abc import Callable
from typing import Protocol

import optuna

from volopt.definition.schema import Definition, Phase
from volopt.definition.space import contains
from volopt.search.samplers.grid import GridPointSampler
from volopt.search.samplers.samplers import sampler, sampler_seed
from volopt.studies.ledger import Ledger
from volopt.studies.phases import stationary
from volopt.studies.space import Params, distributions

START = "volopt:start:"  # and of a study, for each phase that started at its best trial


class Asker(Protocol):
    """Asks for the trials of one phase."""

    def ask(self) -> optuna.Trial | None:
        """Return the next trial, RUNNING, or None when there is none to ask for at present."""


class GridAsker:
    """Asks for each open point of a grid."""

    def __init__(
        self,
        phase: Phase,
        definition: Definition,
        study: optuna.Study,
        ledger: Ledger,
        cost: Callable[[Params], float],
    ) -> None:
        stays = {key: [value] for key, value in stationary(phase, definition, {}).items()}
        grid = stays | {key: list(values) for key, values in phase.grid.items()}
        self._sampler = GridPointSampler(grid, ledger.is_open, ledger.is_settled, cost)
        self._study, self._distributions = study, distributions(definition)

    def ask(self) -> optuna.Trial | None:
        """Return the trial of the next open point."""
        if self._sampler.next_point() is None:
            return None
        self._study.sampler = self._sampler
        return self._study.ask(self._distributions)


class ProposalAsker:
    """Asks a sampler for new points until the phase has its trials; lost points come first."""

    def __init__(self, phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger) -> None:
        self._phase, self._seed, self._study, self._ledger = phase, definition.seed, study, ledger
        self._distributions = distributions(definition)
        best = _best(phase, study, definition) if phase.start == "best" else {}
        self._fixed = stationary(phase, definition, best)

    def ask(self) -> optuna.Trial | None:
        """Return the trial of a lost point, or of a proposal."""
        name, proposed = self._phase.name, self._ledger.proposed(self._phase.name)
        lost = self._ledger.to_retry(name)
        if lost is not None:
            self._study.enqueue_trial(lost)
        elif proposed >= (self._phase.trials or 0):
            return None
        seed = sampler_seed(self._seed, name, proposed)
        self._study.sampler = sampler(self._phase.sampler, seed, self._fixed)
        return self._study.ask(self._distributions)


def asker(
    phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger, cost: Callable[[Params], float]
) -> Asker:
    """Return what asks for the trials of a phase."""
    if phase.sampler == "grid":
        return GridAsker(phase, definition, study, ledger, cost)
    return ProposalAsker(phase, definition, study, ledger)


def _is_point(stored: object, definition: Definition) -> bool:
    """Return whether an attribute of a stored study, which others may have changed, holds values of ``[space]``."""
    return isinstance(stored, dict) and all(
        key in definition.space and contains(definition.space[key], value) for key, value in stored.items()
    )


def _best(phase: Phase, study: optuna.Study, definition: Definition) -> Params:
    """Return the best trial's parameters as the phase began, kept so that a resumed phase stays there."""
    stored: Params | None = study.user_attrs.get(START + phase.name)
    if stored is None or not _is_point(stored, definition):
        complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        stored = dict(study.best_trial.params) if complete else {}
        study.set_user_attr(START + phase.name, stored)
    return stored
