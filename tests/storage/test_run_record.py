"""The run record."""

import json
import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import pytest
from pydantic import ValidationError

import volopt
import volopt.storage.run_record as module
from volopt.storage.run_record import RecordedData, RunRecord, run_record, versions


def a_record() -> RunRecord:
    data = RecordedData(provider="here", synthetic=True)
    return run_record(
        data=data, device="cpu", precision="highest", workers=2, command="volopt run x", study_file="format = 1"
    )


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory that volopt seems to run from."""
    monkeypatch.setattr(volopt, "__file__", str(tmp_path / "volopt/__init__.py"))
    return tmp_path


def git(directory: Path, *arguments: str) -> str:
    said = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", *arguments]
    return subprocess.run(said, cwd=directory, check=True, capture_output=True, text=True).stdout.strip()


def test_a_record_says_what_produced_the_numbers_and_json_holds_it() -> None:
    written = a_record()
    assert RunRecord.model_validate(json.loads(json.dumps(written.model_dump()))) == written
    assert written.data == RecordedData(provider="here", synthetic=True)
    assert (written.device, written.precision, written.workers, written.threads) == ("cpu", "highest", 2, 1)
    assert written.scheduler is None
    assert written.study_file == "format = 1"
    assert platform.system() in written.machine


def test_a_record_of_an_earlier_version_may_lack_fields_and_one_of_other_types_is_refused() -> None:
    assert RunRecord.model_validate({"started": "8:00", "later": 1}) == RunRecord(started="8:00")
    with pytest.raises(ValidationError):
        RunRecord.model_validate({"started": 8})


def test_a_record_says_when_the_run_started() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    assert before <= datetime.fromisoformat(a_record().started) <= datetime.now(UTC)


def test_the_versions_are_those_of_volopt_python_and_the_packages_that_decide_numbers() -> None:
    found = versions()
    assert found["volopt"] == volopt.__version__
    assert found["python"] == platform.python_version()
    assert found["optuna"] == metadata.version("optuna")
    assert {"torch", "numpy", "pandas", "pyqlib"} <= found.keys()


def test_a_package_that_is_absent_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGES", ("no-such-package-here",))
    assert versions()["no-such-package-here"] == "not installed"


def test_the_commit_of_the_checkout_is_recorded(checkout: Path) -> None:
    git(checkout, "init")
    git(checkout, "commit", "--allow-empty", "-m", "first")
    commit = a_record().git_commit
    assert commit is not None
    assert re.fullmatch("[0-9a-f]{40}", commit)
    assert commit == git(checkout, "rev-parse", "HEAD")


def test_without_a_checkout_there_is_no_commit(checkout: Path) -> None:
    assert a_record().git_commit is None


def test_a_checkout_without_a_commit_has_none(checkout: Path) -> None:
    git(checkout, "init")
    assert a_record().git_commit is None


def test_without_git_there_is_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (checkout / ".git").mkdir()
    monkeypatch.setenv("PATH", "")
    assert a_record().git_commit is None
