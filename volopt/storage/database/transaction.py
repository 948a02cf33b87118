"""Several calls of Optuna in one transaction.

Each call opens a session, commits and closes it. With a ``SharedSession`` all calls get the same session, which commits
once: the database holds all of their data or none, at the cost of one transaction instead of dozens.
"""

from typing import Any

from sqlalchemy.orm import Session, scoped_session

from volopt.errors import StorageError


class SharedSession:
    """Replace Optuna's session factory, and the sessions that it makes."""

    def __init__(self, sessions: "scoped_session[Session]") -> None:
        self._session = sessions()
        self._has_written = self._is_lost = False

    def __call__(self) -> "SharedSession":
        """Return the one session."""
        return self

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def remove(self) -> None:
        """Keep the session, because it belongs to the transaction."""

    def close(self) -> None:
        """Keep the session open; the next call reads again what this call may have changed."""
        self._session.expire_all()

    def commit(self) -> None:
        """Write the data of a call, within the transaction.

        Raises:
            StorageError: the database has undone the calls before.
        """
        if self._is_lost:
            raise StorageError("the database undid what a call had written", "run the same command again")
        self._session.flush()
        self._has_written = True

    def rollback(self) -> None:
        """Undo the transaction. Only the first call may then be tried again."""
        self._is_lost = self._has_written
        self._session.rollback()

    def finish(self, *, success: bool) -> None:
        """Commit the transaction, or undo it."""
        try:
            if success and not self._is_lost:
                self._session.commit()
            else:
                self._session.rollback()
        finally:
            self._session.close()
