"""Open a storage.

Contract: every process may read at any time. Only the process that holds a study's lock writes to that study. Committed
data survive the process that wrote them. A storage that cannot be read or written raises an error with a clear
sentence.
"""

import shlex
from collections.abc import Callable

import optuna

from volopt.errors import StorageError
from volopt.storage.database.address import parse_address
from volopt.storage.database.retrying import RetryingStorage


def connect(
    url: str, *, write: bool = False, create: bool = False, guard: Callable[[], None] = lambda: None
) -> RetryingStorage:
    """Return the storage at a URL.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``.
        write: whether the caller writes; a writer waits for a busy database, a reader takes no lock and never waits.
        create: create the database, or its tables on a server, where they are missing; else that is an error.
        guard: called before each new connection to a server is used, see ``study_lock``.

    Raises:
        UsageError: the URL is of another kind.
        StorageError: the database is missing, does not answer, belongs to another program or another Optuna, or is not
            writable.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    address = parse_address(url)
    try:
        if address.file is not None:
            from volopt.storage.database import sqlite

            return sqlite.open_file(address, address.file, write=write, create=create)
        from volopt.storage.database import postgres

        return postgres.open_database(address, write=write, create=create, guard=guard)
    except RuntimeError as error:  # Optuna's sentence says which way to go
        is_older = "storage upgrade" in str(error)
        upgrade = f"copy the database, then run `optuna storage upgrade --storage {shlex.quote(address.shown)}`"
        raise StorageError(
            f"{address.name} was written by {'an older' if is_older else 'a newer'} version of Optuna",
            f"{upgrade if is_older else 'update volopt and Optuna'}, or name another with --storage",
        ) from error
