"""Opening a storage.

Contract: whoever opens it may read at any time; only the process that holds the study's lock writes to a study. What
was committed survives the process that wrote it, and what cannot be read or written is told in a sentence.
"""

from collections.abc import Callable

import optuna

from volopt.errors import StorageError
from volopt.storage.database.address import address
from volopt.storage.database.retrying import RetryingStorage


def connect(
    url: str, *, write: bool = False, create: bool = False, guard: Callable[[], None] = lambda: None
) -> RetryingStorage:
    """Return the storage at a URL.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://USER@HOST/DATABASE``.
        write: what is asked of it is waited for; a reader waits for nobody and takes no lock.
        create: make the database, or its tables on a server, where they are missing; without it, that is an error.
        guard: called before a new connection to a server is used, see ``StudyLock.renew``.

    Raises:
        UsageError: the URL is of another kind.
        StorageError: the database is missing, out of reach, of another program or of a newer Optuna, or cannot be
            written.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    where = address(url)
    try:
        if where.file is not None:
            from volopt.storage.database import sqlite

            return sqlite.open_file(where, where.file, write=write, create=create)
        from volopt.storage.database import postgres

        return postgres.open_database(where, write=write, create=create, guard=guard)
    except RuntimeError as error:
        raise StorageError(
            f"{where.name} was written by another version of Optuna",
            "update Optuna, or name another with --storage",
        ) from error
