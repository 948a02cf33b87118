"""Ask Optuna for the trials of a phase."""

import hashlib
import warnings
from collections.abc import Callable

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler

from volopt.definition.schema import Definition, Phase
from volopt.definition.space import contains
from volopt.samplers import SAMPLERS
from volopt.samplers._grid_points import GridPointSampler
from volopt.studies.attributes import START
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params, distributions, fixed_params


class GridAsker:
    """Ask for each open point of a grid."""

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
        self._study, self._distributions = study, distributions(definition)

    def ask(self) -> optuna.Trial | None:
        """Return the trial of the next open point, RUNNING, or None when there is none at present."""
        if self._sampler.next_point() is None:
            return None
        self._study.sampler = self._sampler
        return self._study.ask(self._distributions)


class ProposalAsker:
    """Ask a sampler for new points until the phase has its trials. Lost points come first."""

    def __init__(self, phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger) -> None:
        self._phase, self._seed, self._study, self._ledger = phase, definition.seed, study, ledger
        self._distributions = distributions(definition)
        best = _best_params(phase, study, definition) if phase.start == "best" else {}
        self._fixed = fixed_params(phase, definition, best)

    def ask(self) -> optuna.Trial | None:
        """Return the trial of a lost point, or of a new proposal, RUNNING; None when the phase has its trials."""
        name, proposed = self._phase.name, self._ledger.proposed(self._phase.name)
        lost = self._ledger.to_retry(name)
        if lost is not None:
            self._study.enqueue_trial(lost)
        elif proposed >= (self._phase.trials or 0):
            return None
        seed = sampler_seed(self._seed, name, proposed)
        self._study.sampler = fixed_sampler(self._phase.sampler, seed, self._fixed)
        return self._study.ask(self._distributions)


Asker = GridAsker | ProposalAsker


def asker(
    phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger, cost: Callable[[Params], float]
) -> Asker:
    """Return the asker of a phase."""
    if phase.is_grid:
        return GridAsker(phase, definition, study, ledger, cost)
    return ProposalAsker(phase, definition, study, ledger)


def fixed_sampler(name: str, seed: int, fixed: Params) -> BaseSampler:
    """Return a sampler that keeps the ``fixed`` parameters and proposes the others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        return PartialFixedSampler(fixed, SAMPLERS[name].make(seed))


def sampler_seed(seed: int, phase: str, proposed: int) -> int:
    """Return the seed of one proposal. A resumed study therefore proposes what an undisturbed one would.

    Args:
        seed: the study's.
        phase: the phase's name.
        proposed: points that the phase has proposed before.
    """
    return int.from_bytes(hashlib.sha256(f"{seed}/{phase}/{proposed}".encode()).digest()[:4])


def _best_params(phase: Phase, study: optuna.Study, definition: Definition) -> Params:
    """Return the best trial's parameters when the phase began. They are stored, so that a resume finds the same."""
    stored: Params | None = study.user_attrs.get(START + phase.name)
    if stored is None or not _is_point(stored, definition):
        complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        stored = dict(study.best_trial.params) if complete else {}
        study.set_user_attr(START + phase.name, stored)
    return stored


def _is_point(stored: object, definition: Definition) -> bool:
    """Return whether an attribute, which others may have changed, holds values of ``[space]``."""
    return isinstance(stored, dict) and all(
        key in definition.space and contains(definition.space[key], value) for key, value in stored.items()
    )
