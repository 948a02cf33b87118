"""Optuna's database, which waits where a fault passes by itself.

A locked database, or a server that does not answer, is asked again for up to ``patience`` seconds. Each call of Optuna
is one transaction, so asking again repeats only a commit whose answer was lost: attributes are set to the same values,
a finished trial stays finished, and a trial that was created twice stays RUNNING until ``studies.study.repair``. A
fault that does not pass becomes a StorageError.
"""

import functools
import importlib
import json
import logging
import time
from collections.abc import Callable, Container, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import sqlalchemy
from optuna.distributions import BaseDistribution, check_distribution_compatibility, distribution_to_json
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import Table, insert, select
from sqlalchemy.orm import Session

from volopt.errors import StorageError
from volopt.optuna_internals import PRIVATE_CALLS, Database, database_of, models
from volopt.storage.database import bulk_read
from volopt.storage.database.address import Address
from volopt.storage.database.errors import advice, database_fault, first_line, passes

TRIALS, PARAMS = models.TrialModel.__table__, models.TrialParamModel.__table__
USER_ATTRIBUTES = models.TrialUserAttributeModel.__table__
SYSTEM_ATTRIBUTES = models.TrialSystemAttributeModel.__table__
WRITER_PATIENCE = 600.0  # seconds after which a storage that answered before counts as lost
FIRST_PAUSE, MAX_PAUSE = 0.1, 5.0  # seconds between two tries, doubling
RETRIED_CALLS = BaseStorage.__abstractmethods__ | PRIVATE_CALLS | {"set_trial_attrs"}

log = logging.getLogger(__name__)


class RetryingStorage(Database):
    """Wait for a database that is locked or away.

    Args:
        address: of the database.
        engine_kwargs: of SQLAlchemy's engine.
        patience: seconds for which a call is tried again; 0 tries once.
    """

    def __init__(self, address: Address, engine_kwargs: dict[str, Any], patience: float) -> None:
        self.address, self._patience = address, patience
        try:
            url = address.url.replace("{", "{{").replace("}", "}}")  # Optuna reads the URL as a template
            super().__init__(url, engine_kwargs=engine_kwargs)
        except Exception:
            if hasattr(self, "engine"):  # the database was opened before it was refused
                self.close()
            raise

    def transaction(self, *, durable: bool = False) -> AbstractContextManager[None]:
        """Do nothing: each call stays a transaction of its own, so that it can be repeated after a lost connection."""
        return nullcontext()

    def close(self) -> None:
        """Close the database; the next call opens it again."""
        self.remove_session()
        self.engine.dispose()

    def read_trials(
        self,
        study_id: int,
        states: Container[TrialState] | None,
        included_trial_ids: set[int],
        trial_id_greater_than: int,
    ) -> list[FrozenTrial]:
        """Return the trials that Optuna's method returns, in a fraction of its time."""
        with self.session() as session:
            models.StudyModel.find_or_raise_by_id(study_id, session)
            return bulk_read.trials_of_study(session, study_id, states, included_trial_ids, trial_id_greater_than)

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """Return a trial; raises KeyError where it does not exist."""
        with self.session() as session:
            return bulk_read.one_trial(session, trial_id)

    def set_trial_attrs(self, trial_id: int, user: Mapping[str, Any], system: Mapping[str, Any]) -> None:
        """Set attributes of a running trial, all or none."""
        with self.session() as session:
            self._check_updatable(session, trial_id)
            for table, attributes in ((USER_ATTRIBUTES, user), (SYSTEM_ATTRIBUTES, system)):
                if attributes:
                    session.execute(_upsert(self.engine.name, table), _rows(trial_id, attributes))

    def write_param(
        self,
        trial_id: int,
        name: str,
        internal_value: float,
        distribution: BaseDistribution,
        previous_distribution: BaseDistribution | None,
    ) -> None:
        """Write a parameter as Optuna's method does, in less time where its distribution is known."""
        if previous_distribution is None:
            super().write_param(trial_id, name, internal_value, distribution, previous_distribution)
            return
        check_distribution_compatibility(previous_distribution, distribution)
        row = {
            "trial_id": trial_id,
            "param_name": name,
            "param_value": internal_value,
            "distribution_json": distribution_to_json(distribution),
        }
        with self.session(ignore_integrity_error=True) as session:
            self._check_updatable(session, trial_id)
            session.execute(insert(PARAMS), row)

    def _check_updatable(self, session: Session, trial_id: int) -> None:
        """Refuse to write to a finished trial; raises KeyError where the trial does not exist."""
        state = session.execute(select(TRIALS.c.state).where(TRIALS.c.trial_id == trial_id)).scalar()
        if state is None:
            raise KeyError(models.NOT_FOUND_MSG)
        self.check_trial_is_updatable(trial_id, state)

    def give_up(self, fault: sqlalchemy.exc.DBAPIError) -> StorageError:
        """Repeat no call from now on, and return the error of a fault."""
        self._patience = 0.0
        return StorageError(
            f"the database {self.address.name} cannot be used: {self.address.hide(first_line(fault))}", advice(fault)
        )

    def call_patiently(self, call: Callable[[], Any]) -> Any:
        """Return what ``call`` returns; repeat it while its fault may pass.

        Raises:
            StorageError: the fault does not pass, or patience is over.
        """
        began, pause = time.monotonic(), FIRST_PAUSE
        while True:
            try:
                return call()
            except UpdateFinishedTrialError:
                if pause == FIRST_PAUSE:
                    raise
                return True  # the first try had succeeded
            except (StorageInternalError, sqlalchemy.exc.SQLAlchemyError) as error:
                fault = database_fault(error)
                if fault is None:
                    raise
                if not passes(fault) or time.monotonic() - began >= self._patience:
                    raise self.give_up(fault) from error
                if pause == FIRST_PAUSE:
                    log.warning(
                        "the database %s does not answer (%s); waiting for up to %.0f s",
                        self.address.name, self.address.hide(first_line(fault)), self._patience,
                    )  # fmt: skip
            time.sleep(pause)
            pause = min(2 * pause, MAX_PAUSE)


@functools.cache
def _upsert(dialect: str, table: Table) -> Any:
    """Return the statement that sets attributes, whether or not they were set before."""
    new = importlib.import_module(f"sqlalchemy.dialects.{dialect}").insert(table)
    return new.on_conflict_do_update(
        index_elements=[table.c.trial_id, table.c.key], set_={"value_json": new.excluded.value_json}
    )


def _rows(trial_id: int, attributes: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"trial_id": trial_id, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]


def address_of(storage: BaseStorage) -> Address | None:
    """Return the address of a storage, or None for a storage in memory."""
    database = database_of(storage)
    return database.address if isinstance(database, RetryingStorage) else None


def _retried(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: RetryingStorage, *args: Any, **options: Any) -> Any:
        return self.call_patiently(functools.partial(method, self, *args, **options))

    return call


for _name in RETRIED_CALLS:
    setattr(RetryingStorage, _name, _retried(getattr(RetryingStorage, _name)))
