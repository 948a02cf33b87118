"""Several calls of Optuna's as one transaction.

Each call opens a session, commits and closes it. Within ``SharedSession`` they get one session between them, which
commits once: what was asked is there as a whole or not at all, and costs one transaction rather than dozens.
"""

from typing import Any

from sqlalchemy.orm import Session, scoped_session

from volopt.errors import StorageError


class SharedSession:
    """Stands in for Optuna's maker of sessions, and for the session that it makes."""

    def __init__(self, sessions: "scoped_session[Session]") -> None:
        self._sessions, self._session = sessions, sessions()
        self._written = self._lost = False

    def __call__(self) -> "SharedSession":
        """Return the one session."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def remove(self) -> None:
        """Keep the session; it is the transaction's."""

    def close(self) -> None:
        """Keep the session open for the next call, which is to read again what the last one may have changed."""
        self._session.expire_all()

    def commit(self) -> None:
        """Write what a call has to write, within the transaction.

        Raises:
            StorageError: what was written before in this transaction is undone.
        """
        if self._lost:
            raise StorageError("the database undid what a call had written", "run the same command again")
        self._session.flush()
        self._written = True

    def rollback(self) -> None:
        """Undo the transaction; a call that comes first may then be tried again, any other not."""
        self._lost = self._written
        self._session.rollback()

    def finish(self, *, well: bool) -> None:
        """Commit the transaction, or undo it."""
        try:
            if well and not self._lost:
                self._session.commit()
            else:
                self._session.rollback()
        finally:
            self._session.close()
