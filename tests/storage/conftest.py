"""Databases that each test opens as a run would, and that are closed after it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from volopt.storage.database.connect import connect
from volopt.storage.database.retrying import RetryingStorage

Open = Callable[..., RetryingStorage]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "volopt.db"


@pytest.fixture
def opening() -> Iterator[Open]:
    """Opens the storage at a URL; keywords are those of ``connect``."""
    opened: list[RetryingStorage] = []

    def open_one(url: str, **said: Any) -> RetryingStorage:
        opened.append(connect(url, **said))
        return opened[-1]

    yield open_one
    for storage in opened:
        storage.remove_session()
        storage.engine.dispose()


@pytest.fixture
def open_database(database: Path, opening: Open) -> Open:
    """Opens ``database``; keywords are those of ``connect``."""
    return lambda **said: opening(f"sqlite:///{database}", **said)


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, database: Path) -> str:
    """A database that is not there yet, in a file and on a server."""
    if request.param == "sqlite":
        return f"sqlite:///{database}"
    found: str = request.getfixturevalue("postgres").database()
    return found
