"""The study lock, held by another process, beside a file and on a server."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from postgres import Server
from volopt.errors import StorageError, StudyError
from volopt.storage.database.address import parse_address
from volopt.storage.lock import Renew, study_lock

HOLD = """
import sys
from volopt.storage.database.address import parse_address
from volopt.storage.lock import study_lock
with study_lock(parse_address(sys.argv[1]), "grid"):
    print("held", flush=True)
    sys.stdin.read()
"""


def lock_of(url: str, study: str = "grid") -> AbstractContextManager[Renew]:
    return study_lock(parse_address(url), study)


@contextmanager
def another_process_holding(url: str) -> Iterator["subprocess.Popen[str]"]:
    process = subprocess.Popen([sys.executable, "-c", HOLD, url], stdin=-1, stdout=-1, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_second_holder_is_told_who_holds_the_study(url: str) -> None:
    with another_process_holding(url) as other, pytest.raises(StudyError) as caught, lock_of(url):
        pass
    told = caught.value.message
    assert told.startswith(f"the study grid is being run by process {other.pid} on {socket.gethostname()} since 20")
    assert "wait for it" in caught.value.hint


def test_a_killed_holder_frees_the_study_at_once(url: str) -> None:
    with another_process_holding(url) as other:
        other.kill()  # SIGKILL: it cleans nothing up
        other.wait()
        with lock_of(url):
            pass


def test_other_studies_are_free(url: str) -> None:
    with another_process_holding(url), lock_of(url, "window"), lock_of(url, "grid2"):
        pass


def test_the_same_study_of_another_file_is_free(tmp_path: Path) -> None:
    with another_process_holding(f"sqlite:///{tmp_path}/volopt.db"), lock_of(f"sqlite:///{tmp_path}/other.db"):
        pass


def test_the_same_study_of_another_database_of_a_server_is_free(postgres: Server) -> None:
    with another_process_holding(postgres.database()), lock_of(postgres.database()):
        pass


def test_the_lock_is_free_after_an_error_inside(url: str) -> None:
    with pytest.raises(KeyError), lock_of(url):
        raise KeyError
    with lock_of(url):
        pass


def test_a_lock_that_is_still_held_is_renewed_by_doing_nothing(url: str) -> None:
    with lock_of(url) as renew:
        renew()
        with pytest.raises(StudyError, match="is being run by"), lock_of(url):
            pass


def test_a_holder_that_cannot_be_named_still_holds(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/volopt.db"
    for holder in ('{"pid": 1', "1", "[]"):
        with another_process_holding(url):
            (tmp_path / "locks/volopt.db.grid.holder").write_text(holder)
            with pytest.raises(StudyError, match="is being run by another process"), lock_of(url):
                pass


def test_the_holder_is_named_while_it_holds_and_no_longer(tmp_path: Path) -> None:
    holder = tmp_path / "locks/volopt.db.grid.holder"
    with lock_of(f"sqlite:///{tmp_path}/volopt.db"):
        assert json.loads(holder.read_text())["host"] == socket.gethostname()
    assert not holder.exists()


def test_a_directory_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StorageError, match="cannot write in") as caught,
        lock_of(f"sqlite:///{tmp_path}/file/volopt.db"),
    ):
        pass
    assert "--storage" in caught.value.hint


def test_a_restarted_server_gives_the_lock_to_who_renews_it_first(postgres: Server) -> None:
    url = postgres.database()
    with lock_of(url) as renew:
        postgres.restart()
        renew()
        with pytest.raises(StudyError, match="is being run by"), lock_of(url):
            pass
        postgres.restart()
        with another_process_holding(url) as other, pytest.raises(StorageError) as caught:
            renew()
    assert f"was taken over by process {other.pid}" in caught.value.message
