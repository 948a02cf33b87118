"""Curves and predictions beside the trials of a study."""

import math
import shutil
from pathlib import Path

import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta

from volopt.errors import StorageError
from volopt.storage.artifacts import CURVES, Artifacts

CONTENT = {"window": 4, "seeds": [{"seed": 0, "curves": {"train_mse": [0.5, 0.25]}}], "note": "R²"}


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study()


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


def attached(study: optuna.Study, artifacts: Artifacts) -> optuna.trial.FrozenTrial:
    """Return a finished trial with CONTENT attached."""
    trial = study.ask()
    artifacts.attach(trial, CURVES, CONTENT)
    return study.tell(trial, 1.0)


def test_what_is_attached_to_a_running_trial_is_read_back(study: optuna.Study, artifacts: Artifacts) -> None:
    trial = attached(study, artifacts)
    assert artifacts.read(study, trial, CURVES) == CONTENT


def test_each_trial_has_its_own(study: optuna.Study, artifacts: Artifacts) -> None:
    trials = [study.ask(), study.ask()]
    for trial in trials:
        artifacts.attach(trial, CURVES, {"number": trial.number})
    found = [artifacts.read(study, trial, CURVES) for trial in study.get_trials()]
    assert found == [{"number": 0}, {"number": 1}]


def test_a_number_that_is_not_finite_survives(study: optuna.Study, artifacts: Artifacts) -> None:
    trial = study.ask()
    artifacts.attach(trial, CURVES, {"loss": math.inf})
    assert artifacts.read(study, study.tell(trial, 1.0), CURVES) == {"loss": math.inf}


def test_the_dashboard_sees_its_name_and_no_other_file_is_left(study: optuna.Study, artifacts: Artifacts) -> None:
    meta = get_all_artifact_meta(attached(study, artifacts), storage=study._storage)
    assert [(each.filename, each.mimetype) for each in meta] == [(CURVES, "application/json")]
    assert [path.name for path in artifacts.directory.iterdir()] == [meta[0].artifact_id]


def test_nothing_attached_reads_as_none(study: optuna.Study, artifacts: Artifacts) -> None:
    bare = study.tell(study.ask(), 1.0)
    assert artifacts.read(study, bare, CURVES) is None
    assert artifacts.read(study, attached(study, artifacts), "other.json") is None


def test_a_missing_or_broken_file_reads_as_none(study: optuna.Study, artifacts: Artifacts) -> None:
    trial = attached(study, artifacts)
    (file,) = artifacts.directory.iterdir()
    file.write_bytes(b'{"window": 4, "se')
    assert artifacts.read(study, trial, CURVES) is None
    file.write_bytes(b"\xff\xfe")
    assert artifacts.read(study, trial, CURVES) is None
    file.unlink()
    assert artifacts.read(study, trial, CURVES) is None


def test_removing_a_studys_artifacts_takes_its_files_and_no_others(artifacts: Artifacts, tmp_path: Path) -> None:
    study, other = optuna.create_study(), optuna.create_study()
    kept = attached(other, artifacts)
    attached(study, artifacts)
    attached(study, artifacts)
    (artifacts.directory / "fits").mkdir()
    assert artifacts.remove(study) == 2
    assert artifacts.read(other, kept, CURVES) == CONTENT
    assert len(list(artifacts.directory.iterdir())) == 2


def test_removing_what_is_gone_already_is_no_error(study: optuna.Study, artifacts: Artifacts) -> None:
    attached(study, artifacts)
    (file,) = artifacts.directory.iterdir()
    file.unlink()
    assert artifacts.remove(study) == 1


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write in"):
        Artifacts(tmp_path / "file")


def test_a_directory_that_vanished_is_told(study: optuna.Study, artifacts: Artifacts) -> None:
    shutil.rmtree(artifacts.directory)
    with pytest.raises(StorageError, match="cannot write in"):
        artifacts.attach(study.ask(), CURVES, CONTENT)
