"""Optuna's storage, with patience: what passes by itself is waited out, and what does not is told in a sentence.

A database that is locked, or a server that is away, is asked again for up to ``patience`` seconds. Each call of
Optuna's is one transaction, so asking again repeats nothing but a commit whose answer was lost: attributes are then set
to the same, a trial already told stays told, a trial that was made twice stays RUNNING until ``search.study.repair``.
"""

import functools
import logging
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy
from optuna.exceptions import StorageInternalError, UpdateFinishedTrialError
from optuna.storages import BaseStorage, RDBStorage

from volopt.errors import StorageError
from volopt.storage.address import Address
from volopt.storage.faults import advice, fault, passes, told

LOST = 600.0  # seconds after which a storage that was there counts as lost
PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds between two tries, growing
CALLS = BaseStorage.__abstractmethods__ | {  # of Optuna's, which keeps what it has read and asks for the rest by these
    "_create_new_trial",
    "_set_trial_param",
    "_get_trials",
    "_get_best_trial_id",
}

log = logging.getLogger(__name__)


class PatientStorage(RDBStorage):
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

    def close(self) -> None:
        """Let go of the database; it is opened again when it is asked for something."""
        self.remove_session()
        self.engine.dispose()

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
                    self._patience = 0.0  # it is lost, also for what follows
                    raise StorageError(
                        f"the database {self.where.name} cannot be used: {self.where.hide(told(found))}",
                        advice(found),
                    ) from error
                if pause == PAUSE:
                    log.warning(
                        "the database %s is out of reach (%s); waiting for up to %.0f s",
                        self.where.name, self.where.hide(told(found)), self._patience,
                    )  # fmt: skip
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)


def where_of(storage: BaseStorage) -> Address | None:
    """Return where a storage is, or None where it is no database of ours."""
    database = getattr(storage, "_backend", storage)  # Optuna wraps a database in a cache
    return database.where if isinstance(database, PatientStorage) else None


def _patient(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def call(self: PatientStorage, *args: Any, **said: Any) -> Any:
        return self._patiently(functools.partial(method, self, *args, **said))

    return call


for _name in CALLS:
    setattr(PatientStorage, _name, _patient(getattr(RDBStorage, _name)))
