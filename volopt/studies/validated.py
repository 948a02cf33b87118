"""A stored study as volopt reads it, whatever others have written to it.

Anyone may write to a database: the dashboard, another program, whoever sent it. So, of a study that was found:

- an attribute of a trial that has not the shape which volopt gives it is not there;
- a trial that no phase can have asked for is FAIL, with that as its reason: its parameters are no point of ``[space]``,
  or it is COMPLETE without a finite value;
- what cannot be read at all is a StorageError, a study that was deleted or renamed meanwhile a StudyError.

What is written goes to the storage as it is.
"""

import copy
import math
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Definition, Range
from volopt.definition.space import Entry
from volopt.errors import StorageError, StudyError, VoloptError
from volopt.studies.attribute_checks import are_scores, is_number, is_score
from volopt.studies.attributes import PHASE, REASON, SCORES

ANOTHER = "another program"  # begins these reasons
NOT_OURS = f"{ANOTHER} added it: its parameters are no point of [space]"
NO_VALUE = f"{ANOTHER} changed it: it is COMPLETE without a finite value"
RESTORE = "put a copy of the database in its place, or delete the study in `volopt dashboard`"
LONGEST = 2000  # letters of a reason
# What Optuna raises where a row of its tables makes no sense; a database out of reach raises others.
DAMAGED = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class ValidatedStudy(optuna.Study):
    """A study whose trials are sound.

    Args:
        name: of the study.
        storage: where it is.
        definition: as it is stored with the study.
    """

    def __init__(self, name: str, storage: BaseStorage, definition: Definition) -> None:
        super().__init__(study_name=name, storage=storage)
        self._definition = definition
        self._sound: dict[int, tuple[FrozenTrial, FrozenTrial]] = {}  # by number: as stored, and as returned

    @property
    def user_attrs(self) -> dict[str, Any]:
        """Return the study's own attributes."""
        with reading(self._storage, self.study_name):
            return super().user_attrs

    @property
    def best_trial(self) -> FrozenTrial:
        """Return the COMPLETE trial with the best value, the first of several."""
        sign = -1 if self._definition.objective.direction == "maximize" else 1
        complete = self.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return min(complete, key=lambda trial: sign * (trial.value or 0.0))

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """Return the trials by number, as Optuna does."""
        with reading(self._storage, self.study_name):
            stored = super().get_trials(deepcopy=False)
            if [trial.number for trial in stored] != list(range(len(stored))):
                raise StorageError(f'trials of the study "{self.study_name}" are missing from the database', RESTORE)
            trials = [self._trial(trial) for trial in stored]
        found = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def _trial(self, stored: FrozenTrial) -> FrozenTrial:
        """Return a trial made sound; a finished one is looked at once."""
        known = self._sound.get(stored.number)
        if known is None or known[0] is not stored:
            known = self._sound[stored.number] = stored, sound(stored, self._definition)
        return known[1]


@contextmanager
def reading(storage: BaseStorage, name: str) -> Iterator[None]:
    """Say in a sentence why a study cannot be read.

    Raises:
        StudyError: there is no longer a study of this name.
        StorageError: what is stored makes no sense.
    """
    try:
        yield
    except VoloptError:
        raise
    except DAMAGED as error:
        if isinstance(error, KeyError) and not _is_there(storage, name):
            raise StudyError(
                f'the study "{name}" was deleted or renamed', "`volopt status` shows those that are there"
            ) from error
        raise StorageError(f'the study "{name}" is damaged in the database: {type(error).__name__}', RESTORE) from error


def sound(trial: FrozenTrial, definition: Definition) -> FrozenTrial:
    """Return a trial without what volopt cannot have written; the trial itself where there is no such thing."""
    params = {key: value for key, value in trial.params.items() if _is_in(definition.space.get(key, ()), value)}
    finished = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    reason = _unlike(trial, definition, params) if finished else None
    user = {REASON: reason} if reason else _user(trial.user_attrs, {phase.name for phase in definition.phases})
    system = dict(trial.system_attrs)
    if SCORES in system and (reason or not are_scores(system[SCORES])):
        del system[SCORES]
    if (params, user, system) == (trial.params, trial.user_attrs, trial.system_attrs):
        return trial
    found = copy.copy(trial)
    found.params, found.user_attrs, found.system_attrs = params, user, system
    found.distributions = {key: trial.distributions[key] for key in params}
    if reason:
        found.state, found.values = TrialState.FAIL, None
    return found


def _unlike(trial: FrozenTrial, definition: Definition, params: Mapping[str, Any]) -> str | None:
    """Return why no phase can have asked for a finished trial, or None."""
    if params.keys() != definition.space.keys() or trial.params.keys() != params.keys():
        return NOT_OURS
    values: list[float] = trial.values or []
    if trial.state == TrialState.COMPLETE and not (len(values) == 1 and math.isfinite(values[0])):
        return NO_VALUE
    return None


def _is_in(entry: Entry, value: object) -> bool:
    """Return whether a value is one of ``[space]``."""
    if isinstance(entry, Range):
        return is_number(value) and entry.holds(value)
    return any(isinstance(value, bool) == isinstance(choice, bool) and value == choice for choice in entry)


def _user(attributes: Mapping[str, Any], phases: Container[str]) -> dict[str, Any]:
    """Return phase, reason and metrics."""
    found = {name: value for name, value in attributes.items() if is_score(name, value)}
    for name in (PHASE, REASON):
        found.pop(name, None)
    if isinstance(phase := attributes.get(PHASE), str) and phase in phases:
        found[PHASE] = phase
    if isinstance(reason := attributes.get(REASON), str):
        found[REASON] = reason[:LONGEST].encode(errors="replace").decode()  # no file can hold halves of characters
    return found


def _is_there(storage: BaseStorage, name: str) -> bool:
    try:
        return any(study.study_name == name for study in storage.get_all_studies())
    except DAMAGED:
        return True
