"""What the world does to a run: the disk, the database, the server."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from cli.long_run import POINTS, long_run
from postgres import PASSWORD, Server

LOCKED_SECONDS = 7.0  # more than SQLite's own patience, and than Optuna's


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1.2 MB, enough for a trial or two."""
    disk = tmp_path / "storage"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1200k", "tmpfs", disk], capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)  # connections of the test may be open


def _assert_whole(database: Path) -> None:
    connection = sqlite3.connect(database)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


def test_a_full_disk_ends_the_run_with_a_sentence_and_it_goes_on_when_there_is_space(
    tmp_path: Path, sample: Path, small_disk: Path
) -> None:
    with long_run(tmp_path, sample) as run:
        assert run.ended() == 1
        assert run.gone()
        assert "No space left on device" in run.said or "disk is full" in run.said
        assert "Hint: " in run.said
        assert "Traceback" not in run.said
        _assert_whole(small_disk / "volopt.db")
        finished = [(t.number, t.value) for t in run.trials() if t.state == TrialState.COMPLETE]
        subprocess.run(["mount", "-o", "remount,size=20m", small_disk], check=True)
        assert run.again().returncode == 0
        after = [(t.number, t.value) for t in run.trials() if t.state == TrialState.COMPLETE]
        assert after[: len(finished)] == finished
        assert len(after) == POINTS


def test_a_read_only_disk_is_told(tmp_path: Path, sample: Path, small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with long_run(tmp_path, sample) as run:
        assert run.ended() == 1
        assert "Read-only file system" in run.said
        assert "--storage" in run.said
        assert "Traceback" not in run.said


@pytest.mark.parametrize("vanish", [shutil.rmtree, lambda path: path.rename(path.with_name("elsewhere"))])
def test_a_storage_that_vanishes_in_mid_run_ends_it_with_a_sentence(tmp_path: Path, sample: Path, vanish: Any) -> None:
    with long_run(tmp_path, sample) as run:
        run.read_until("COMPLETE")
        vanish(tmp_path / "storage")
        assert run.ended() == 1
        assert run.gone()
        assert "Error: " in run.said
        assert "Traceback" not in run.said
        shutil.rmtree(tmp_path / "storage", ignore_errors=True)
        if (tmp_path / "elsewhere").exists():
            _assert_whole(tmp_path / "elsewhere" / "volopt.db")
            (tmp_path / "elsewhere").rename(tmp_path / "storage")
        assert run.again().returncode == 0
        assert run.states().count(TrialState.COMPLETE) == POINTS


def test_a_database_that_another_program_locks_is_waited_for(tmp_path: Path, sample: Path) -> None:
    with long_run(tmp_path, sample) as run:
        run.read_until("COMPLETE")
        other = sqlite3.connect(tmp_path / "storage" / "volopt.db", timeout=30, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        threading.Event().wait(LOCKED_SECONDS)
        held = other.execute("SELECT count(*) FROM trials").fetchall()
        other.execute("ROLLBACK")
        other.close()
        assert held
        assert run.ended() == 0
        assert run.states() == [TrialState.COMPLETE] * POINTS


def test_a_server_that_is_restarted_in_mid_run_is_waited_for_and_the_run_goes_on(
    tmp_path: Path, sample: Path, postgres: Server
) -> None:
    with long_run(tmp_path, sample, "-v", VOLOPT_STORAGE=postgres.database()) as run:
        run.read_until("COMPLETE")
        postgres.stop("immediate")
        run.read_until("does not answer")
        postgres.start()
        assert run.ended() == 0
        assert run.states().count(TrialState.COMPLETE) == POINTS
        assert TrialState.RUNNING not in run.states()
        assert PASSWORD not in run.said


def test_a_locked_study_on_a_server_is_told_with_its_holder(tmp_path: Path, sample: Path, postgres: Server) -> None:
    with long_run(tmp_path, sample, VOLOPT_STORAGE=postgres.database()) as run:
        run.read_until("COMPLETE")
        run.pause_workers()
        second = run.again()
        assert second.returncode == 1
        assert f"process {run.process.pid} on " in second.stderr
        run.process.kill()
        run.process.wait()
        assert run.again().returncode == 0
        assert run.states().count(TrialState.COMPLETE) == POINTS
