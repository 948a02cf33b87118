"""The trials of a study, kept in memory by whoever reads it.

Optuna's own cache sorts all trials and copies them at each question, also where a few are asked for. Here a question
for trials that are not finished looks at those alone, so that asking for a trial costs the same after 100,000 others.
A trial that was made through a cache is written by nobody else, so what it holds is known without asking.
"""

import json
from collections.abc import Container, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from copy import deepcopy as copy_of
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.storages import BaseStorage, _CachedStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.storage.database.retrying import RetryingStorage


class TrialCache(_CachedStorage):
    """Optuna's cache of a database; its answers are the same."""

    def __init__(self, database: RetryingStorage) -> None:
        super().__init__(database)
        self._backend: RetryingStorage = database
        self._disordered: set[int] = set()  # studies whose trials were not read in the order of their numbers
        self._own: dict[int, FrozenTrial] = {}  # by id: trials made through this cache and not told yet

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """Return the trials of a study by number; raises KeyError where there is no such study."""
        self._read_trials_from_remote_storage(study_id)
        with self._lock:
            known = self._studies[study_id]
            if states is None:
                found = list(known.trials.values())
            elif any(state.is_finished() and state in states for state in TrialState):
                found = [trial for trial in known.trials.values() if trial.state in states]
            else:
                numbers = (self._trial_id_to_study_id_and_number[each][1] for each in known.unfinished_trial_ids)
                unfinished = (known.trials[number] for number in sorted(numbers))
                found = [trial for trial in unfinished if trial.state in states]
            if study_id in self._disordered:
                found.sort(key=lambda trial: trial.number)
            return copy_of(found) if deepcopy else found

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Make a trial and return its id."""
        trial_id = super().create_new_trial(study_id, template_trial)
        if template_trial is None:
            _, number = self._trial_id_to_study_id_and_number[trial_id]
            self._own[trial_id] = _apart(self._studies[study_id].trials[number])
        return trial_id

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial; raises KeyError where there is none."""
        own = self._own.get(trial_id)
        return super().get_trial(trial_id) if own is None else _apart(own)

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Set a parameter of a running trial."""
        super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        if own := self._own.get(trial_id):
            own.params[param_name] = distribution.to_external_repr(param_value_internal)
            own.distributions[param_name] = distribution

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Report a value of a running trial."""
        super().set_trial_intermediate_value(trial_id, step, intermediate_value)
        if own := self._own.get(trial_id):
            own.intermediate_values[step] = intermediate_value

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute of a running trial."""
        self.set_trial_attrs(trial_id, {key: value}, {})

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute of a running trial that its owner does not see."""
        self.set_trial_attrs(trial_id, {}, {key: value})

    def set_trial_attrs(self, trial_id: int, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
        """Set attributes of a running trial, all or none."""
        self._backend.set_trial_attrs(trial_id, user, system)
        if own := self._own.get(trial_id):
            own.user_attrs.update(json.loads(json.dumps(user)))
            own.system_attrs.update(json.loads(json.dumps(system)))

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Tell a trial."""
        self._own.pop(trial_id, None)
        return super().set_trial_state_values(trial_id, state, values)

    def _add_trials_to_cache(self, study_id: int, trials: list[FrozenTrial]) -> None:
        """Add trials, and notice where a number is not higher than those before, as in a database that is damaged."""
        known = self._studies[study_id].trials
        last = next(reversed(known), -1)
        for number in (trial.number for trial in trials if trial.number not in known):
            if number < last:
                self._disordered.add(study_id)
            last = number
        super()._add_trials_to_cache(study_id, trials)


def _apart(trial: FrozenTrial) -> FrozenTrial:
    """Return a copy in which parameters, reports and attributes may be set."""
    found = copy(trial)
    found.params, found.distributions = dict(trial.params), dict(trial.distributions)
    found.user_attrs, found.system_attrs = dict(trial.user_attrs), dict(trial.system_attrs)
    found.intermediate_values = dict(trial.intermediate_values)
    return found


def cached(storage: BaseStorage) -> BaseStorage:
    """Return a storage with a cache of its own; one in memory needs none."""
    return TrialCache(storage) if isinstance(storage, RetryingStorage) else storage


def together(storage: BaseStorage, *, durable: bool = False) -> AbstractContextManager[None]:
    """Make one transaction of what is asked of a storage within, where it can; see ``FileStorage.together``."""
    database = getattr(storage, "_backend", storage)
    return database.together(durable=durable) if isinstance(database, RetryingStorage) else nullcontext()


def set_attributes(storage: BaseStorage, trial_id: int, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
    """Set attributes of a running trial, in one transaction where the storage is a database."""
    if isinstance(storage, TrialCache | RetryingStorage):
        storage.set_trial_attrs(trial_id, user, system)
        return
    for key, value in user.items():
        storage.set_trial_user_attr(trial_id, key, value)
    for key, value in system.items():
        storage.set_trial_system_attr(trial_id, key, value)
