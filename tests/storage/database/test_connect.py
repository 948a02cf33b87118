"""What every storage does, in a file and on a server."""

import subprocess
import sys
from typing import Any

import optuna
import pytest
import sqlalchemy
from optuna.trial import TrialState

from volopt.errors import MissingStorageError, StorageError


def test_what_one_connection_writes_another_reads(url: str, opening: Any) -> None:
    optuna.create_study(study_name="grid", storage=opening(url, write=True, create=True))
    assert [study.study_name for study in opening(url).get_all_studies()] == ["grid"]


def test_a_missing_database_is_an_error_and_is_not_made(url: str, opening: Any) -> None:
    for _ in range(2):
        with pytest.raises(MissingStorageError, match="there is no") as caught:
            opening(url)
    assert "--storage" in caught.value.hint


def test_a_reader_reads_while_a_writer_is_in_a_transaction(url: str, opening: Any) -> None:
    writer = opening(url, write=True, create=True)
    optuna.create_study(study_name="grid", storage=writer)
    with writer.engine.begin() as transaction:
        transaction.exec_driver_sql("UPDATE studies SET study_name = 'other'")
        assert [study.study_name for study in opening(url).get_all_studies()] == ["grid"]


def test_the_database_of_an_older_optuna_is_refused_until_it_is_upgraded(url: str, opening: Any) -> None:
    storage = opening(url, write=True, create=True)
    optuna.create_study(study_name="grid", storage=storage)
    with storage.engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = 'v3.0.0.d'"))
    with pytest.raises(StorageError, match="an older version of Optuna") as caught:
        opening(url)
    assert f"`optuna storage upgrade --storage {storage.address.shown}`" in caught.value.hint
    older = optuna.storages.RDBStorage(url, skip_compatibility_check=True)
    older.upgrade()  # as that command does
    older.engine.dispose()
    assert [study.study_name for study in opening(url).get_all_studies()] == ["grid"]


def test_the_database_of_a_newer_optuna_is_refused(url: str, opening: Any) -> None:
    with opening(url, write=True, create=True).engine.begin() as connection:
        connection.execute(sqlalchemy.text("UPDATE alembic_version SET version_num = 'v99.0.0.a'"))
    with pytest.raises(StorageError, match="a newer version of Optuna") as caught:
        opening(url)
    assert "update volopt and Optuna" in caught.value.hint


def test_processes_that_create_it_at_once_share_one_database(url: str, opening: Any) -> None:
    code = f"""
import optuna
from volopt.storage.database.connect import connect
optuna.create_study(storage=connect({url!r}, write=True, create=True))
"""
    processes = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)]
    assert [process.communicate()[1] for process in processes] == [b""] * 3
    assert len(opening(url).get_all_studies()) == 3


def test_a_trial_keeps_what_optuna_stores_with_it(url: str, opening: Any) -> None:
    study = optuna.create_study(study_name="grid", storage=opening(url, write=True, create=True))
    trial = study.ask({"window": optuna.distributions.IntDistribution(5, 100)})
    trial.report(0.5, 10)
    trial.set_user_attr("valid_mse", 1e-300)
    trial.set_user_attr("long", "é" * 100_000)
    study.tell(trial, 0.25)
    (found,) = optuna.load_study(study_name="grid", storage=opening(url)).trials
    assert (found.state, found.value, found.params) == (TrialState.COMPLETE, 0.25, trial.params)
    assert found.intermediate_values == {10: 0.5}
    assert found.user_attrs == {"valid_mse": 1e-300, "long": "é" * 100_000}


def test_a_told_trial_cannot_be_told_again(url: str, opening: Any) -> None:
    storage = opening(url, write=True, create=True)
    study = optuna.create_study(storage=storage)
    trial = study.ask()
    study.tell(trial, 1.0)
    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        storage.set_trial_state_values(trial._trial_id, TrialState.FAIL)
