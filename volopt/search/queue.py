"""Train the trials that others have queued with Optuna's ``enqueue_trial``, before a phase asks for its own.

A queued trial that lies in ``[space]`` belongs to the first phase that could ask for it: each key that it names is one
that the phase varies, or has the value that the phase fixes. If no phase could, it belongs to the first one that is no
grid, or else to the first grid that varies its keys. A key that it does not name has the value that the phase fixes, or
else its default. Any other queued trial is FAIL, with the reason.
"""

import logging

import optuna
from optuna.samplers import RandomSampler
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.plain_text import show
from volopt.definition.schema import Definition, Phase
from volopt.definition.space import contains, describe
from volopt.errors import StudyError
from volopt.optuna_internals import NamedTrialStudy, queued_params, storage_of, study_id, trial_id
from volopt.studies.attributes import PHASE, REASON
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params, distributions, fixed_params, valid_start

log = logging.getLogger(__name__)


class QueueAsker:
    """Ask for the queued trials of a phase, and make those FAIL that no phase can train."""

    def __init__(self, phase: Phase, definition: Definition, study: optuna.Study, ledger: Ledger) -> None:
        self._phase, self._definition, self._study, self._ledger = phase, definition, study, ledger
        self._distributions = distributions(definition)
        self._storage = storage_of(study)

    def ask(self) -> list[optuna.Trial]:
        """Return the queued trials of the phase, RUNNING."""
        waiting = self._storage.get_all_trials(study_id(self._study), deepcopy=False, states=(TrialState.WAITING,))
        trials = []
        for queued in waiting:
            try:
                phase, params = self._place(queued)
            except StudyError as error:
                self._refuse(queued, error.message)
            else:
                if phase.name == self._phase.name:
                    trials.append(self._begin(queued, params))
        return trials

    def _place(self, queued: FrozenTrial) -> tuple[Phase, Params]:
        """Return the phase of a queued trial and its parameters; raises StudyError where it cannot be trained."""
        named = self._in_space(queued_params(queued))
        phase, params = self._phase_of(named)
        if not self._ledger.is_open(params):
            raise StudyError("the study already has a trial of its parameters, or has given them up")
        return phase, params

    def _in_space(self, named: dict[str, object]) -> Params:
        """Return the values that a queued trial names, as ``[space]`` writes them."""
        params: Params = {}
        for key, value in named.items():
            if key not in self._distributions:
                raise StudyError(f"it names {show(key)}, which is not in [space]")
            entry, distribution = self._definition.space[key], self._distributions[key]
            if contains(entry, value):
                params[key] = distribution.to_external_repr(distribution.to_internal_repr(value))
            if params.get(key) != value:
                raise StudyError(f"its {key} {show(value)} is not in [space] {describe(entry)}")
        return params

    def _phase_of(self, named: Params) -> tuple[Phase, Params]:
        """Return the phase that these values belong to, with the values of all keys."""
        phases = [(phase, self._whole(phase, named)) for phase in self._definition.phases]
        varied = [(phase, params) for phase, params in phases if self._varies_its_keys(phase, named, params)]
        asked = [each for each in varied if all(contains(values, each[1][key]) for key, values in each[0].grid.items())]
        searches = [each for each in phases if not each[0].is_grid]
        return [*asked, *searches, *varied, *phases][0]

    def _varies_its_keys(self, phase: Phase, named: Params, params: Params) -> bool:
        own = phase.grid if phase.is_grid else phase.vary
        return params == self._whole(phase, {key: value for key, value in named.items() if key in own})

    def _whole(self, phase: Phase, named: Params) -> Params:
        """Return the values of all keys of ``[space]`` in a phase."""
        stored = valid_start(phase, self._study, self._definition) or {}
        fixed = fixed_params(phase, self._definition, stored)
        return {key: {**self._definition.defaults(), **fixed, **named}[key] for key in self._definition.space}

    def _begin(self, queued: FrozenTrial, params: Params) -> optuna.Trial:
        assert isinstance(self._study, NamedTrialStudy)
        self._study.sampler = RandomSampler(0)  # which is asked for nothing
        trial = self._study.ask_queued(queued, params, self._distributions)
        trial.set_user_attr(PHASE, self._phase.name)
        self._ledger.start(self._phase.name, trial.params)
        log.info("trial %d was queued by another program", trial.number)
        return trial

    def _refuse(self, queued: FrozenTrial, reason: str) -> None:
        log.warning("trial %d was queued, and cannot be trained: %s", queued.number, reason)
        self._storage.set_trial_user_attr(trial_id(queued), REASON, f"queued by another program: {reason}")
        self._storage.set_trial_state_values(trial_id(queued), TrialState.FAIL)
