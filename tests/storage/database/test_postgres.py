"""A PostgreSQL server as the storage: reached, not reached, restarted."""

import socket
import threading
import time
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from postgres import PASSWORD, Server
from volopt.errors import MissingStorageError, StorageError, UsageError
from volopt.storage.database import postgres as storage_postgres


def test_a_server_that_is_not_there_is_told_within_ten_seconds(postgres: Server, opening: Any) -> None:
    url = postgres.url.replace(f":{postgres.port}/", ":1/")
    began = time.monotonic()
    with pytest.raises(
        StorageError, match=r"cannot use the database postgresql://volopt@127\.0\.0\.1:1/postgres"
    ) as caught:
        opening(url, write=True, create=True)
    assert time.monotonic() - began < 10
    assert "does the server run" in caught.value.hint


def test_a_server_that_never_answers_is_given_up_within_ten_seconds(postgres: Server, opening: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection and says nothing
        url = postgres.url.replace(f":{postgres.port}/", f":{silent.getsockname()[1]}/")
        began = time.monotonic()
        with pytest.raises(StorageError, match="timeout"):
            opening(url, write=True, create=True)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("wrong", [("volopt:", "nobody:"), ("word%3A1", "word%3A2"), ("/postgres", "/no-such")])
def test_a_wrong_user_password_or_database_is_told_without_the_password(
    postgres: Server, opening: Any, wrong: tuple[str, str]
) -> None:
    with pytest.raises(StorageError, match="cannot use the database") as caught:
        opening(postgres.url.replace(*wrong), write=True, create=True)
    assert "pass@word" not in caught.value.message
    assert "pass%40word" not in caught.value.message


def test_an_empty_database_has_no_study_and_a_reader_leaves_it_empty(postgres: Server, opening: Any) -> None:
    url = postgres.database()
    with pytest.raises(MissingStorageError, match="there is no study in postgresql://volopt@"):
        opening(url)
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    assert sqlalchemy.inspect(engine).get_table_names() == []
    engine.dispose()


def test_without_psycopg_the_extra_is_named(postgres: Server, opening: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object, **said: object) -> None:
        raise ModuleNotFoundError("No module named 'psycopg'")

    monkeypatch.setattr(storage_postgres.sqlalchemy, "create_engine", missing)
    with pytest.raises(UsageError, match="psycopg") as caught:
        opening(postgres.url)
    assert caught.value.hint == "pip install 'volopt[postgres]'"


def test_a_writer_goes_on_over_a_restart_of_the_server_and_a_reader_too(postgres: Server, opening: Any) -> None:
    url = postgres.database()
    study = optuna.create_study(storage=opening(url, write=True, create=True), study_name="grid")
    reader = opening(url)
    trial = study.ask()
    postgres.restart()
    trial.set_user_attr("phase", "width")
    study.tell(trial, 1.0)
    assert reader.get_all_studies()[0].study_name == "grid"
    postgres.restart()
    study.tell(study.ask(), 2.0)
    assert [each.value for each in study.trials] == [1.0, 2.0]


def test_a_writer_waits_for_a_server_that_is_away_and_guards_its_new_connection(postgres: Server, opening: Any) -> None:
    url, guarded = postgres.database(), []
    study = optuna.create_study(
        storage=opening(url, write=True, create=True, guard=lambda: guarded.append(1)), study_name="grid"
    )
    before = len(guarded)
    postgres.stop("immediate")
    starting = threading.Timer(1.0, postgres.start)
    starting.start()
    study.tell(study.ask(), 1.0)
    starting.join()
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE]
    assert len(guarded) > before


def test_a_reader_does_not_wait(postgres: Server, opening: Any) -> None:
    url = postgres.database()
    opening(url, write=True, create=True)
    reader = opening(url)
    postgres.stop("immediate")
    try:
        with pytest.raises(StorageError, match="cannot be used") as caught:
            reader.get_all_studies()
    finally:
        postgres.start()
    assert PASSWORD not in caught.value.message
