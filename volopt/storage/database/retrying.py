"""Optuna's storage, with patience: what passes by itself is waited out, and what does not is told in a sentence.

A database that is locked, or a server that is away, is asked again for up to ``patience`` seconds. Each call of
Optuna's is one transaction, so asking again repeats nothing but a commit whose answer was lost: attributes are then set
to the same, a trial already told stays told, a trial that was made twice stays RUNNING until ``studies.study.repair``.
"""

import functools
import json
import logging
import time
from collections.abc import Callable, Container, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, check_distribution_compatibility, distribution_to_json
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage
from optuna.storages._rdb import models
from optuna.storages._rdb.storage import _create_scoped_session
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Table, insert, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from volopt.errors import StorageError
from volopt.storage.database import bulk_read
from volopt.storage.database.address import Address
from volopt.storage.database.errors import advice, fault, passes, told

TRIALS, PARAMS = models.TrialModel.__table__, models.TrialParamModel.__table__
USER_ATTRIBUTES = models.TrialUserAttributeModel.__table__
SYSTEM_ATTRIBUTES = models.TrialSystemAttributeModel.__table__
LOST = 600.0  # seconds after which a storage that was there counts as lost
PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries, growing
CALLS = BaseStorage.__abstractmethods__ | {  # what Optuna asks for, also where it keeps what it has read, and ours
    "_create_new_trial",
    "_set_trial_param",
    "_get_trials",
    "_get_best_trial_id",
    "set_trial_attrs",
}

log = logging.getLogger(__name__)


class RetryingStorage(RDBStorage):
    """A database.

    Args:
        where: it is.
        engine_kwargs: of its engine.
        patience: seconds.
    """

    def __init__(self, where: Address, engine_kwargs: dict[str, Any], patience: float) -> None:
        self.where, self._patience = where, patience
        try:
            url = where.url.replace("{", "{{").replace("}", "}}")  # Optuna takes it for a template
            super().__init__(url, engine_kwargs=engine_kwargs)
        except Exception:
            if hasattr(self, "engine"):  # of a database that was opened and then refused
                self.close()
            raise

    def together(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """Do nothing here: each call stays a transaction, so that it can be asked again when a line was cut."""
        return nullcontext()

    def close(self) -> None:
        """Let go of the database; it is opened again when it is asked for something."""
        self.remove_session()
        self.engine.dispose()

    def _get_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        """Return trials as Optuna's method of this name does, in a fraction of the time."""
        with _create_scoped_session(self.scoped_session) as session:
            models.StudyModel.find_or_raise_by_id(study_id, session)
            return bulk_read.of_study(session, study_id, states, included_trial_ids, trial_id_greater_than)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial; raises KeyError where there is none."""
        with _create_scoped_session(self.scoped_session) as session:
            return bulk_read.one(session, trial_id)

    def set_trial_attrs(self, trial_id: int, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
        """Set attributes of a running trial, all or none."""
        with _create_scoped_session(self.scoped_session) as session:
            self._check_updatable(session, trial_id)
            for table, attributes in ((USER_ATTRIBUTES, user), (SYSTEM_ATTRIBUTES, system)):
                if attributes:
                    session.execute(_upsert(self.engine.name, table), _rows(trial_id, attributes))

    def _set_trial_param(
        self,
        trial_id: int,
        param_name: str,
        param_value_internal: float,
        distribution: BaseDistribution,
        previous_distribution: BaseDistribution | None,
    ) -> None:
        """Set a parameter as Optuna's method of this name does, where its distribution is known, in less time."""
        if previous_distribution is None:
            said = param_name, param_value_internal, distribution, previous_distribution
            super()._set_trial_param(trial_id, *said)
            return
        check_distribution_compatibility(previous_distribution, distribution)
        row = {
            "trial_id": trial_id,
            "param_name": param_name,
            "param_value": param_value_internal,
            "distribution_json": distribution_to_json(distribution),
        }
        with _create_scoped_session(self.scoped_session, True) as session:
            self._check_updatable(session, trial_id)
            session.execute(insert(PARAMS), row)

    def _check_updatable(self, session: Session, trial_id: int) -> None:
        """Look whether a trial may be written to; raises KeyError where there is none."""
        state = session.execute(select(TRIALS.c.state).where(TRIALS.c.trial_id == trial_id)).scalar()
        if state is None:
            raise KeyError(models.NOT_FOUND_MSG)
        self.check_trial_is_updatable(trial_id, state)

    def unusable(self, error: Exception) -> StorageError | None:
        """Return what to say of an error of the database after which nothing is tried again, or None of another."""
        found = fault(error)
        return None if found is None else self._lost(found)

    def _lost(self, found: sqlalchemy.exc.DBAPIError) -> StorageError:
        self._patience = 0.0  # also for what follows
        return StorageError(
            f"the database {self.where.name} cannot be used: {self.where.hide(told(found))}", advice(found)
        )

    def _patiently(self, call: Callable[[], Any]) -> Any:
        began, pause = time.monotonic(), PAUSE
        while True:
            try:
                return call()
            except UpdateFinishedTrialError:
                if pause == PAUSE:
                    raise
                return True  # the first try had got through
            except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
                found = fault(error)
                if found is None:
                    raise
                if not passes(found) or time.monotonic() - began >= self._patience:
                    raise self._lost(found) from error
                if pause == PAUSE:
                    log.warning(
                        "the database %s is out of reach (%s); waiting for up to %.0f s",
                        self.where.name, self.where.hide(told(found)), self._patience,
                    )  # fmt: skip
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


@functools.cache
def _upsert(dialect: str, table: Table) -> Any:
    """Return the statement that sets attributes, over what they were before."""
    new = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    return new.on_conflict_do_update(
        index_elements=[table.c.trial_id, table.c.key], set_={"value_json": new.excluded.value_json}
    )


def _rows(trial_id: int, attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]


def where_of(storage: BaseStorage) -> Address | None:
    """Return where a storage is, or None where it is no database of ours."""
    database = getattr(storage, "_backend", storage)  # Optuna wraps a database in a cache
    return database.where if isinstance(database, RetryingStorage) else None


def _patient(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: RetryingStorage, *args: Any, **said: Any) -> Any:
        return self._patiently(functools.partial(method, self, *args, **said))

    return call


for _name in CALLS:
    setattr(RetryingStorage, _name, _patient(getattr(RetryingStorage, _name)))
