"""Faults of a database: which of them may pass, and what to say about the others."""

import sqlite3

import sqlalchemy
from optuna.exceptions import StorageInternalError

# PostgreSQL's error classes that may pass: connection, too few resources except disk space, operator intervention.
PASSING_CLASSES = ("08", "53", "57")
DISK_FULL, QUERY_CANCELED = "53100", "57014"


def database_fault(error: BaseException) -> sqlalchemy.exc.DBAPIError | None:
    """Return the database's own error behind an error of Optuna or SQLAlchemy, or None where there is none."""
    cause = error.__cause__ if isinstance(error, StorageInternalError) else error
    broken = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, sqlalchemy.exc.InternalError)
    if isinstance(cause, sqlalchemy.exc.DBAPIError) and (isinstance(cause, broken) or cause.connection_invalidated):
        return cause
    is_corrupt = type(getattr(cause, "orig", None)) is sqlite3.DatabaseError
    return cause if is_corrupt and isinstance(cause, sqlalchemy.exc.DBAPIError) else None


def passes(fault: sqlalchemy.exc.DBAPIError) -> bool:
    """Return whether the fault may pass by itself: a lock, a server that restarts, a lost connection."""
    code = getattr(fault.orig, "sqlite_errorname", None)
    if code is not None:
        return str(code).startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
    state = getattr(fault.orig, "sqlstate", None)
    if state is None:
        return not isinstance(fault.orig, sqlite3.Error)  # a server that did not answer
    return state.startswith(PASSING_CLASSES) and state not in (DISK_FULL, QUERY_CANCELED)


def advice(fault: sqlalchemy.exc.DBAPIError) -> str:
    """Return what a user can do about a fault that does not pass."""
    code = str(getattr(fault.orig, "sqlite_errorname", ""))
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_ERROR")):
        return "the file is damaged: replace it with a copy, or name another with --storage"
    if code:
        return "name a directory you may write to with --storage, or free some space; finished trials are kept"
    return "finished trials are kept; repair the server, then run the same command again"


def first_line(fault: sqlalchemy.exc.DBAPIError) -> str:
    """Return the database's message in one line."""
    lines = [line.strip() for line in str(fault.orig).splitlines() if line.strip()]
    return lines[0] if lines else type(fault.orig).__name__
