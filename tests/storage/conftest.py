"""A database on disk that each test opens as a run would, and that is closed after it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.storages import RDBStorage

from volopt.storage.connect import connect

Open = Callable[..., RDBStorage]


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "volopt.db"


@pytest.fixture
def open_database(database: Path) -> Iterator[Open]:
    """Opens ``database``; keywords are those of ``connect``."""
    opened: list[RDBStorage] = []

    def open_one(**said: Any) -> RDBStorage:
        opened.append(connect(f"sqlite:///{database}", **said))
        return opened[-1]

    yield open_one
    for storage in opened:
        storage.remove_session()
        storage.engine.dispose()
