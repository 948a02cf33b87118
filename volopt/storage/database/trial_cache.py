"""Keep the trials of a study in memory.

Optuna's own cache sorts and copies all trials for each question, even for a question about a few. This cache looks only
at the unfinished trials when a question is about those, so asking costs the same after 100,000 trials. It knows the
contents of a trial that was created through it, because no other process writes to that trial.
"""

import json
from collections.abc import Container, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from copy import deepcopy as deep_copy
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.optuna_internals import DatabaseCache, database_of
from volopt.storage.database.retrying import RetryingStorage


class TrialCache(DatabaseCache):
    """Give the answers of Optuna's cache of a database, faster."""

    def __init__(self, database: RetryingStorage) -> None:
        super().__init__(database)
        self._database = database
        self._unordered: set[int] = set()  # studies whose trials were not read in the order of their numbers
        self._created: dict[int, FrozenTrial] = {}  # by id: unfinished trials that were created through this cache

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study by number; raises KeyError where the study does not exist."""
        self.refresh(study_id)
        with self.lock:
            known = self.trials_by_number(study_id)
            if states is None:
                trials = list(known.values())
            elif any(state.is_finished() and state in states for state in TrialState):
                trials = [trial for trial in known.values() if trial.state in states]
            else:
                unfinished = (known[number] for number in self.unfinished_numbers(study_id))
                trials = [trial for trial in unfinished if trial.state in states]
            if study_id in self._unordered:
                trials.sort(key=lambda trial: trial.number)
            return deep_copy(trials) if deepcopy else trials

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Create a trial and return its id."""
        trial_id = super().create_new_trial(study_id, template_trial)
        if template_trial is None:
            self._created[trial_id] = _editable(self.trial_of_id(trial_id))
        return trial_id

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial; raises KeyError where it does not exist."""
        trial = self._created.get(trial_id)
        return super().get_trial(trial_id) if trial is None else _editable(trial)

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Set a parameter of a running trial."""
        super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        if trial := self._created.get(trial_id):
            trial.params[param_name] = distribution.to_external_repr(param_value_internal)
            trial.distributions[param_name] = distribution

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Report a value of a running trial."""
        super().set_trial_intermediate_value(trial_id, step, intermediate_value)
        if trial := self._created.get(trial_id):
            trial.intermediate_values[step] = intermediate_value

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute of a running trial."""
        self.set_trial_attrs(trial_id, {key: value}, {})

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set a system attribute of a running trial."""
        self.set_trial_attrs(trial_id, {}, {key: value})

    def set_trial_attrs(self, trial_id: int, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
        """Set attributes of a running trial, all or none."""
        self._database.set_trial_attrs(trial_id, user, system)
        if trial := self._created.get(trial_id):
            trial.user_attrs.update(json.loads(json.dumps(user)))
            trial.system_attrs.update(json.loads(json.dumps(system)))

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Finish a trial."""
        self._created.pop(trial_id, None)
        return super().set_trial_state_values(trial_id, state, values)

    def add_read_trials(self, study_id: int, trials: list[FrozenTrial]) -> None:
        """Keep trials that were read, and remember where their numbers do not rise, as in a damaged database."""
        known = self.trials_by_number(study_id)
        last = next(reversed(known), -1)
        for number in (trial.number for trial in trials if trial.number not in known):
            if number < last:
                self._unordered.add(study_id)
            last = number
        super().add_read_trials(study_id, trials)


def _editable(trial: FrozenTrial) -> FrozenTrial:
    """Return a copy whose parameters, reports and attributes can be set."""
    editable = copy(trial)
    editable.params, editable.distributions = dict(trial.params), dict(trial.distributions)
    editable.user_attrs, editable.system_attrs = dict(trial.user_attrs), dict(trial.system_attrs)
    editable.intermediate_values = dict(trial.intermediate_values)
    return editable


def cached(storage: BaseStorage) -> BaseStorage:
    """Return a database with a cache of its own; a storage in memory needs none."""
    return TrialCache(storage) if isinstance(storage, RetryingStorage) else storage


def transaction(storage: BaseStorage, *, durable: bool = False) -> AbstractContextManager[None]:
    """Make one transaction of all calls in the block, where the storage can; see ``SQLiteStorage.transaction``."""
    database = database_of(storage)
    return database.transaction(durable=durable) if isinstance(database, RetryingStorage) else nullcontext()


def set_attributes(storage: BaseStorage, trial_id: int, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
    """Set attributes of a running trial, in one transaction where the storage is a database."""
    if isinstance(storage, TrialCache | RetryingStorage):
        storage.set_trial_attrs(trial_id, user, system)
        return
    for key, value in user.items():
        storage.set_trial_user_attr(trial_id, key, value)
    for key, value in system.items():
        storage.set_trial_system_attr(trial_id, key, value)
