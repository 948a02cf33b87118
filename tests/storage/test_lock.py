"""The study lock, held by another process."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from volopt.errors import StorageError, StudyError
from volopt.storage.lock import study_lock

HOLD = """
import sys
from pathlib import Path
from volopt.storage.lock import study_lock
with study_lock(Path(sys.argv[1]), "grid"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_holding(database: Path) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_holder_is_told_who_holds_the_study(tmp_path: Path) -> None:
    with (
        another_process_holding(tmp_path / "volopt.db") as other,
        pytest.raises(StudyError) as caught,
        study_lock(tmp_path / "volopt.db", "grid"),
    ):
        pass
    told = caught.value.message
    assert told.startswith(f"the study grid is being run by process {other.pid} on {socket.gethostname()} since 20")
    assert "wait for it" in caught.value.hint


def test_a_killed_holder_frees_the_study_at_once(tmp_path: Path) -> None:
    with another_process_holding(tmp_path / "volopt.db") as other:
        other.kill()  # SIGKILL: it cleans nothing up
        other.wait()
        with study_lock(tmp_path / "volopt.db", "grid"):
            pass


def test_other_studies_and_other_databases_are_free(tmp_path: Path) -> None:
    with (
        another_process_holding(tmp_path / "volopt.db"),
        study_lock(tmp_path / "volopt.db", "window"),
        study_lock(tmp_path / "other.db", "grid"),
    ):
        pass


def test_a_holder_that_cannot_be_named_still_holds(tmp_path: Path) -> None:
    with another_process_holding(tmp_path / "volopt.db"):
        (tmp_path / "locks/volopt.db.grid.holder").write_text('{"pid": 1')
        with (
            pytest.raises(StudyError, match="is being run by another process"),
            study_lock(tmp_path / "volopt.db", "grid"),
        ):
            pass


def test_the_holder_is_named_while_it_holds_and_no_longer(tmp_path: Path) -> None:
    holder = tmp_path / "locks/volopt.db.grid.holder"
    with study_lock(tmp_path / "volopt.db", "grid"):
        assert json.loads(holder.read_text())["host"] == socket.gethostname()
    assert not holder.exists()


def test_the_lock_is_free_after_an_error_inside(tmp_path: Path) -> None:
    with pytest.raises(KeyError), study_lock(tmp_path / "volopt.db", "grid"):
        raise KeyError
    with study_lock(tmp_path / "volopt.db", "grid"):
        pass


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match="cannot write in") as caught,
        study_lock(tmp_path / "file" / "volopt.db", "grid"),
    ):
        pass
    assert "--storage" in caught.value.hint
