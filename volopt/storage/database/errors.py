"""What a database says when it cannot do what it was asked: whether waiting may help, and in what words to tell it."""

import sqlite3

import sqlalchemy
from optuna.exceptions import StorageInternalError

# PostgreSQL's classes of errors that pass: connection, too little of something but disk, operator's intervention
PASSING_CLASSES = ("08", "53", "57")
DISK_FULL, QUERY_CANCELED = "53100", "57014"


def fault(error: BaseException) -> sqlalchemy.exc.DBAPIError | None:
    """Return the database's own complaint behind an error of Optuna or SQLAlchemy, or None where there is none."""
    found = error.__cause__ if isinstance(error, StorageInternalError) else error
    broken = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, sqlalchemy.exc.InternalError)
    if isinstance(found, sqlalchemy.exc.DBAPIError) and (isinstance(found, broken) or found.connection_invalidated):
        return found
    is_corrupt = type(getattr(found, "orig", None)) is sqlite3.DatabaseError
    return found if is_corrupt and isinstance(found, sqlalchemy.exc.DBAPIError) else None


def passes(found: sqlalchemy.exc.DBAPIError) -> bool:
    """Return whether the fault may pass by itself: a lock, a server that is being restarted, a cut line."""
    code = getattr(found.orig, "sqlite_errorname", None)
    if code is not None:
        return str(code).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    state = getattr(found.orig, "sqlstate", None)
    if state is None:
        return not isinstance(found.orig, sqlite3.Error)  # no answer from a server
    return state.startswith(PASSING_CLASSES) and state not in (DISK_FULL, QUERY_CANCELED)


def advice(found: sqlalchemy.exc.DBAPIError) -> str:
    """Return what to do about a fault that does not pass."""
    code = str(getattr(found.orig, "sqlite_errorname", ""))
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")):
        return "the file is damaged: put a copy in its place, or name another with --storage"
    if code:
        return "name a directory you may write to with --storage, or free some space; what is finished is kept"
    return "what is finished is kept; see to it, then run the same command again"


def told(found: sqlalchemy.exc.DBAPIError) -> str:
    """Return the database's complaint in one line."""
    lines = [line.strip() for line in str(found.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(found.orig).__name__
