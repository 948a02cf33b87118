"""A stored study as volopt reads it, whatever others have written to it.

Anyone may write to a database: the dashboard, another program, a stranger. So, when volopt reads a study:

- an attribute of a trial is ignored where it does not have the form that volopt gives it;
- a trial that no phase asked for is FAIL, with that as its reason: its parameters are not a point of ``[space]``, it is
  COMPLETE without a finite value, or it has neither a phase nor scores nor curves;
- a row that cannot be read raises a StorageError, and a study that was deleted or renamed meanwhile a StudyError.

Writing goes to the storage unchanged.
"""

import copy
import math
from collections.abc import Container, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.definition.schema import Definition
from volopt.definition.space import contains
from volopt.errors import StorageError, StudyError, VoloptError
from volopt.optuna_internals import NamedTrialStudy, storage_of
from volopt.storage.artifacts import CURVES, has_artifact
from volopt.studies.attributes import PHASE, REASON, SCORES, TrialScores, is_score, valid_or_none

ANOTHER = "another program"  # begins these reasons
NOT_OURS = f"{ANOTHER} added it: its parameters are no point of [space]"
NOT_RUN = f"{ANOTHER} added it: no phase asked for it"
NO_VALUE = f"{ANOTHER} changed it: it is COMPLETE without a finite value"
RESTORE = "put a copy of the database in its place, or delete the study in `volopt dashboard`"
MAX_REASON = 2000  # characters
# Optuna raises these for a row that cannot be read; a database that does not answer raises others.
DAMAGED = (ArithmeticError, AssertionError, AttributeError, LookupError, RecursionError, TypeError, ValueError)


class ValidatedStudy(NamedTrialStudy):
    """Read only valid trials.

    Args:
        name: of the study.
        storage: of the study.
        definition: as it is stored with the study.
    """

    def __init__(self, name: str, storage: BaseStorage, definition: Definition) -> None:
        super().__init__(study_name=name, storage=storage)
        self._definition = definition
        self._validated: dict[int, tuple[FrozenTrial, FrozenTrial]] = {}  # by number: as stored, and as returned

    @property
    def user_attrs(self) -> dict[str, Any]:
        """Return the study's own attributes."""
        with reading(storage_of(self), self.study_name):
            return super().user_attrs

    @property
    def best_trial(self) -> FrozenTrial:
        """Return the COMPLETE trial with the best value, the first of several."""
        sign = -1 if self._definition.objective.direction == "maximize" else 1
        complete = self.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return min(complete, key=lambda trial: sign * (trial.value or 0.0))

    def get_trials(self, deepcopy: bool = True, states: Container[TrialState] | None = None) -> list[FrozenTrial]:
        """Return the trials by number, as Optuna does."""
        with reading(storage_of(self), self.study_name):
            stored = super().get_trials(deepcopy=False)
            if [trial.number for trial in stored] != list(range(len(stored))):
                raise StorageError(f'trials of the study "{self.study_name}" are missing from the database', RESTORE)
            trials = [self._validate_once(trial) for trial in stored]
        chosen = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(chosen) if deepcopy else chosen

    def _validate_once(self, stored: FrozenTrial) -> FrozenTrial:
        """Return the valid form of a trial; the cache returns a finished trial as the same object each time."""
        known = self._validated.get(stored.number)
        if known is None or known[0] is not stored:
            known = self._validated[stored.number] = stored, validate(stored, self._definition)
        return known[1]


@contextmanager
def reading(storage: BaseStorage, name: str) -> Iterator[None]:
    """Turn the errors of an unreadable study into a sentence.

    Raises:
        StudyError: there is no longer a study of this name.
        StorageError: the stored rows cannot be read.
    """
    try:
        yield
    except VoloptError:
        raise
    except DAMAGED as error:
        if isinstance(error, KeyError) and not _exists(storage, name):
            raise StudyError(
                f'the study "{name}" was deleted or renamed', "`volopt status` lists the studies in the storage"
            ) from error
        raise StorageError(f'the study "{name}" is damaged in the database: {type(error).__name__}', RESTORE) from error


def validate(trial: FrozenTrial, definition: Definition) -> FrozenTrial:
    """Return a trial without content that volopt cannot have written; the trial itself where it has no such content."""
    params = {key: value for key, value in trial.params.items() if contains(definition.space.get(key, ()), value)}
    finished = trial.state in (TrialState.COMPLETE, TrialState.PRUNED)
    reason = _foreign_reason(trial, definition, params) if finished else None
    user = {REASON: reason} if reason else _user_attrs(trial.user_attrs, {phase.name for phase in definition.phases})
    system = dict(trial.system_attrs)
    if SCORES in system and (reason or valid_or_none(TrialScores, system[SCORES]) is None):
        del system[SCORES]
    if (params, user, system) == (trial.params, trial.user_attrs, trial.system_attrs):
        return trial
    valid = copy.copy(trial)
    valid.params, valid.user_attrs, valid.system_attrs = params, user, system
    valid.distributions = {key: trial.distributions[key] for key in params}
    if reason:
        valid.state, valid.values = TrialState.FAIL, None
    return valid


def _foreign_reason(trial: FrozenTrial, definition: Definition, params: Mapping[str, Any]) -> str | None:
    """Return why no phase can have asked for a finished trial, or None."""
    if params.keys() != definition.space.keys() or trial.params.keys() != params.keys():
        return NOT_OURS
    values: list[float] = trial.values or []
    if trial.state == TrialState.COMPLETE and not (len(values) == 1 and math.isfinite(values[0])):
        return NO_VALUE
    ours = PHASE in trial.user_attrs or SCORES in trial.system_attrs or has_artifact(trial.system_attrs, CURVES)
    return None if ours else NOT_RUN


def _user_attrs(attributes: Mapping[str, Any], phases: Container[str]) -> dict[str, Any]:
    """Return phase, reason and metrics."""
    valid = {name: value for name, value in attributes.items() if is_score(name, value)}
    for name in (PHASE, REASON):
        valid.pop(name, None)
    if isinstance(phase := attributes.get(PHASE), str) and phase in phases:
        valid[PHASE] = phase
    if isinstance(reason := attributes.get(REASON), str):
        valid[REASON] = reason[:MAX_REASON].encode(errors="replace").decode()  # no file can hold halves of characters
    return valid


def _exists(storage: BaseStorage, name: str) -> bool:
    try:
        return any(study.study_name == name for study in storage.get_all_studies())
    except DAMAGED:
        return True
