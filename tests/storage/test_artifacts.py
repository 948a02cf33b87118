"""Curves and predictions beside the trials of a study."""

import io
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.artifacts import get_all_artifact_meta

from builders import attach
from postgres import Server
from volopt.errors import StorageError
from volopt.storage import artifacts as storage_artifacts
from volopt.storage.artifacts import ARRAYS, COLUMNS_KEY, CURVES, Artifacts, artifacts_of
from volopt.storage.files import pack_arrays

CONTENT = {"window": 4, "seeds": [{"seed": 0, "curves": {"train_mse": [0.5, 0.25]}}], "note": "R²"}
COLUMN = np.arange(5.0)


@pytest.fixture
def study() -> optuna.Study:
    return optuna.create_study()


@pytest.fixture
def artifacts(tmp_path: Path) -> Artifacts:
    return Artifacts(tmp_path / "artifacts")


def attached(study: optuna.Study, artifacts: Artifacts) -> optuna.trial.FrozenTrial:
    """Return a finished trial with CONTENT attached."""
    trial = study.ask()
    attach(artifacts, trial, CURVES, CONTENT)
    return study.tell(trial, 1.0)


def test_what_is_attached_to_a_running_trial_is_read_back(study: optuna.Study, artifacts: Artifacts) -> None:
    trial = attached(study, artifacts)
    assert artifacts.read(study, trial, CURVES) == CONTENT


def test_each_trial_has_its_own(study: optuna.Study, artifacts: Artifacts) -> None:
    trials = [study.ask(), study.ask()]
    for trial in trials:
        attach(artifacts, trial, CURVES, {"number": trial.number})
    found = [artifacts.read(study, trial, CURVES) for trial in study.get_trials()]
    assert found == [{"number": 0}, {"number": 1}]


def test_a_number_that_is_not_finite_survives(study: optuna.Study, artifacts: Artifacts) -> None:
    trial = study.ask()
    attach(artifacts, trial, CURVES, {"loss": math.inf})
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


def with_columns(study: optuna.Study, artifacts: Artifacts) -> optuna.trial.FrozenTrial:
    trial = study.ask()
    attach(artifacts, trial, CURVES, CONTENT | {"column": COLUMN})
    return study.tell(trial, 1.0)


def path_of(study: optuna.Study, trial: optuna.trial.FrozenTrial, artifacts: Artifacts, name: str) -> Path:
    metas = get_all_artifact_meta(trial, storage=study._storage)
    return artifacts.directory / next(each.artifact_id for each in metas if each.filename == name)


def test_columns_stand_in_a_file_beside_and_are_read_back_bit_for_bit(
    study: optuna.Study, artifacts: Artifacts
) -> None:
    trial = with_columns(study, artifacts)
    found = artifacts.read(study, trial, CURVES)
    assert found is not None
    np.testing.assert_array_equal(found.pop("column"), COLUMN)
    assert found == CONTENT | {COLUMNS_KEY: ARRAYS}
    assert path_of(study, trial, artifacts, ARRAYS).is_file()
    assert artifacts.remove(study) == 2
    assert list(artifacts.directory.iterdir()) == []


@pytest.mark.parametrize(
    "breaks",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-8]),
        lambda path: path.write_bytes(pack_arrays({}, {})),
        lambda path: path.write_bytes(pack_arrays({"window": COLUMN}, {})),
        lambda path: path.write_bytes(pack_arrays({"seeds/0/other": COLUMN}, {})),
        lambda path: path.write_bytes((2**62).to_bytes(8, "little") + b"{}"),
    ],
)
def test_columns_that_are_gone_broken_or_of_other_places_read_as_none(
    study: optuna.Study, artifacts: Artifacts, breaks: Any
) -> None:
    trial = with_columns(study, artifacts)
    breaks(path_of(study, trial, artifacts, ARRAYS))
    assert artifacts.read(study, trial, CURVES) is None


def test_enormous_columns_read_as_none(
    study: optuna.Study, artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = with_columns(study, artifacts)
    with path_of(study, trial, artifacts, ARRAYS).open("ab") as file:
        file.truncate(storage_artifacts.MAX_ARRAY_BYTES + 1)  # a hole: it takes nothing on disk
    monkeypatch.setattr(storage_artifacts, "read_arrays", lambda path: pytest.fail("it was read"))
    assert artifacts.read(study, trial, CURVES) is None


def test_json_that_tells_of_columns_without_any_reads_as_none(study: optuna.Study, artifacts: Artifacts) -> None:
    trial = study.ask()
    attach(artifacts, trial, CURVES, {COLUMNS_KEY: ARRAYS})
    assert artifacts.read(study, study.tell(trial, 1.0), CURVES) is None


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


def test_a_directory_that_cannot_be_made_is_told(study: optuna.Study, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot write in"):
        Artifacts(tmp_path / "file").prepare()
    with pytest.raises(StorageError, match="cannot write in"):
        attach(Artifacts(tmp_path / "file"), study.ask(), CURVES, CONTENT)


def test_an_enormous_file_or_one_nested_too_deep_reads_as_none(
    study: optuna.Study, artifacts: Artifacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = attached(study, artifacts)
    (file,) = artifacts.directory.iterdir()
    with monkeypatch.context() as patch:
        patch.setattr(storage_artifacts, "MAX_JSON_BYTES", file.stat().st_size - 1)
        assert artifacts.read(study, trial, CURVES) is None
    file.write_text("[" * 100_000)
    assert artifacts.read(study, trial, CURVES) is None


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "..", "a/../../secret"])
def test_a_file_outside_is_neither_read_nor_removed(
    study: optuna.Study, artifacts: Artifacts, tmp_path: Path, name: str
) -> None:
    """A stranger's study may name any file as its artifact."""
    attached(study, artifacts)
    secret = tmp_path / "secret"
    secret.write_text('{"key": 1}')
    trial = study.ask()
    meta = {"artifact_id": name, "filename": CURVES, "mimetype": "application/json", "encoding": None}
    study._storage.set_trial_system_attr(trial._trial_id, "artifacts:1", json.dumps(meta))
    assert artifacts.read(study, study.tell(trial, 1.0), CURVES) is None
    artifacts.remove(study)
    assert secret.exists()


def test_a_file_appears_whole_or_not_at_all(artifacts: Artifacts, tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise OSError("the disk is gone")

    artifacts.prepare()
    with pytest.raises(OSError, match="the disk is gone"):
        artifacts.store.write("one", Broken())
    assert [path.name for path in artifacts.directory.iterdir()] == [storage_artifacts.MARK]


def test_files_of_several_directories_are_read_where_they_are(tmp_path: Path) -> None:
    study = optuna.create_study()
    trials = [attached(study, Artifacts(tmp_path / name)) for name in ("a", "b")]
    both = Artifacts(tmp_path / "a", tmp_path / "b", tmp_path / "missing")
    assert [both.read(study, trial, CURVES) for trial in trials] == [CONTENT, CONTENT]
    assert both.remove(study) == 2
    assert [path for name in ("a", "b") for path in (tmp_path / name).iterdir()] == []


def test_a_servers_study_says_where_its_artifacts_are_and_only_volopts_own_directories_are_believed(
    postgres: Server, tmp_path: Path, opening: Any
) -> None:
    storage = opening(postgres.database(), write=True, create=True)
    ours, foreign = Artifacts(tmp_path / "ours"), tmp_path / "foreign"
    ours.prepare()
    foreign.mkdir()
    for name, place in {"a": ours.directory, "b": foreign, "c": "relative", "d": 1, "e": "/no\0path"}.items():
        optuna.create_study(study_name=name, storage=storage).set_user_attr(storage_artifacts.PLACE, str(place))
    assert artifacts_of(storage).directories == (Path("storage/artifacts"), ours.directory)
    assert storage_artifacts.directory_of(storage, "a") == ours.directory
    assert storage_artifacts.directory_of(storage, "b") is None


def test_those_of_a_file_lie_beside_it_whatever_it_says(tmp_path: Path, opening: Any) -> None:
    storage = opening(f"sqlite:///{tmp_path}/volopt.db", write=True, create=True)
    elsewhere = Artifacts(tmp_path / "elsewhere")
    elsewhere.prepare()
    optuna.create_study(storage=storage).set_user_attr(storage_artifacts.PLACE, str(elsewhere.directory))
    assert artifacts_of(storage).directories == (tmp_path / "artifacts",)
