"""Opening a SQLite file: its settings, who waits for whom, and the files that are refused."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.storages import RDBStorage

from volopt.errors import StorageError
from volopt.storage.database import sqlite
from volopt.storage.database.connect import connect


def pragma(storage: RDBStorage, name: str) -> Any:
    with storage.engine.connect() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def execute(path: Path, statement: str) -> None:
    with closing(sqlite3.connect(path, timeout=0)) as connection:
        connection.execute(statement)
        connection.commit()


def test_a_database_runs_in_wal_mode_with_normal_synchronous_and_a_long_timeout(open_database: Any) -> None:
    storage = open_database(create=True)
    assert pragma(storage, "journal_mode") == "wal"
    assert pragma(storage, "synchronous") == 1  # NORMAL
    assert pragma(storage, "busy_timeout") == 60_000


def test_what_one_connection_writes_another_reads(open_database: Any) -> None:
    optuna.create_study(study_name="grid", storage=open_database(write=True, create=True))
    assert [study.study_name for study in open_database().get_all_studies()] == ["grid"]


@pytest.mark.parametrize("folder", ["new/deep", "a {b} %41 c"])
def test_a_missing_directory_is_made_with_the_database(tmp_path: Path, folder: str) -> None:
    storage = connect(f"sqlite:///{tmp_path}/{folder}/volopt.db", create=True)
    assert (tmp_path / folder / "volopt.db").is_file()
    storage.engine.dispose()


def test_a_missing_database_is_an_error_and_is_not_made(open_database: Any, database: Path) -> None:
    with pytest.raises(StorageError, match="there is no database") as caught:
        open_database()
    assert "--storage" in caught.value.hint
    assert not database.exists()


def test_a_reader_opens_and_reads_while_a_writer_is_in_a_transaction(
    open_database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite, "LOCK_TIMEOUT", 0)  # whoever would wait fails
    writer = open_database(write=True, create=True)
    optuna.create_study(study_name="grid", storage=writer)
    with writer.engine.begin() as transaction:
        transaction.exec_driver_sql("UPDATE studies SET study_name = 'other'")
        assert [study.study_name for study in open_database().get_all_studies()] == ["grid"]


def test_a_writers_transaction_takes_the_write_lock_as_it_begins(open_database: Any, database: Path) -> None:
    writer = open_database(write=True, create=True)
    with writer.engine.begin(), pytest.raises(sqlite3.OperationalError, match="locked"):
        execute(database, "BEGIN IMMEDIATE")
    execute(database, "BEGIN IMMEDIATE")


def test_only_telling_a_trial_waits_for_the_disk(open_database: Any) -> None:
    storage = open_database(write=True, create=True)
    study = optuna.create_study(storage=storage)
    committed: list[tuple[bool, int]] = []

    def note(connection: Any) -> None:
        synchronous = connection.exec_driver_sql("PRAGMA synchronous").scalar()
        committed.append((storage.is_durable, synchronous))

    sqlalchemy.event.listen(storage.engine, "commit", note)
    trial = study.ask()
    trial.set_user_attr("phase", "width")
    study.tell(trial, 1.0)
    full = [synchronous for telling, synchronous in committed if telling]
    assert full == [2]
    assert {synchronous for telling, synchronous in committed if not telling} == {1}


def test_a_readers_transaction_leaves_the_write_lock_to_others(open_database: Any, database: Path) -> None:
    reader = open_database(create=True)
    with reader.engine.begin() as transaction:
        transaction.exec_driver_sql("SELECT * FROM studies").all()
        execute(database, "BEGIN IMMEDIATE")


def test_a_file_that_is_no_database_is_refused_and_kept(open_database: Any, database: Path) -> None:
    database.write_text("the quarterly report, certainly longer than the header of a database" * 10)
    before = database.read_bytes()
    with pytest.raises(StorageError, match="no SQLite database"):
        open_database(create=True)
    assert database.read_bytes() == before


@pytest.mark.parametrize("folder", ["plain", "with # and %20"])
def test_another_programs_database_is_refused_and_kept(tmp_path: Path, folder: str) -> None:
    path = tmp_path / folder / "photos.db"
    path.parent.mkdir()
    execute(path, "CREATE TABLE photos (name TEXT)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program"):
        connect(f"sqlite:///{path}", create=True)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["photos.db"]


def test_a_database_that_merely_has_a_table_of_optunas_name_is_refused(open_database: Any, database: Path) -> None:
    execute(database, "CREATE TABLE studies (name TEXT)")
    with pytest.raises(StorageError, match="another program"):
        open_database(create=True)


def test_an_empty_file_becomes_a_database(open_database: Any, database: Path) -> None:
    database.touch()
    assert open_database(create=True).get_all_studies() == []


def test_the_database_of_another_optuna_is_refused(open_database: Any, database: Path) -> None:
    open_database(create=True)
    execute(database, "UPDATE alembic_version SET version_num = 'v99.0.0.a'")
    with pytest.raises(StorageError, match="a newer version of Optuna") as caught:
        open_database()
    assert "update volopt and Optuna" in caught.value.hint


def test_a_file_where_the_directory_should_be_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write the database") as caught:
        connect(f"sqlite:///{tmp_path}/file/volopt.db", create=True)
    assert "--storage" in caught.value.hint


def test_a_directory_in_place_of_the_database_is_told(open_database: Any, database: Path) -> None:
    database.mkdir()
    with pytest.raises(StorageError, match=str(database)):
        open_database(create=True)


def test_a_new_database_appears_whole_and_alone(open_database: Any, database: Path) -> None:
    open_database(create=True)
    assert [file.name for file in database.parent.iterdir()] == [database.name]


def test_two_processes_that_create_it_at_once_share_one_database(tmp_path: Path) -> None:
    code = f"""
import optuna
from volopt.storage.database.connect import connect
storage = connect("sqlite:///{tmp_path}/new.db", write=True, create=True)
optuna.create_study(storage=storage)
"""
    processes = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    assert len(connect(f"sqlite:///{tmp_path}/new.db").get_all_studies()) == 3
