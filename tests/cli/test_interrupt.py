"""A run in a process of its own, ended from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState

from builders import SAMPLE_DATA
from volopt.storage.connect import connect

SECONDS = 60  # until we say that something never happened
STUDY = f"""
format = 1
name = "small"
{SAMPLE_DATA}[training]
epochs = 200
seeds = 2
[space]
cell = ["LSTM"]
hidden_size = [3, 4, 5, 6, 7, 8]
[[phase]]
name = "width"
sampler = "grid"
grid = {{ hidden_size = [3, 4, 5, 6, 7, 8] }}
"""


def command(sample: Path) -> list[str]:
    """Return the command line of the run."""
    return [sys.executable, "-m", "volopt", "run", "small.toml", "--data", str(sample), "--workers", "2"]


@pytest.fixture
def run(tmp_path: Path, sample: Path) -> Iterator["subprocess.Popen[str]"]:
    """A long run with two workers, in a process group of its own, after its first finished trial."""
    (tmp_path / "small.toml").write_text(STUDY)
    process = subprocess.Popen(command(sample), cwd=tmp_path, stderr=subprocess.PIPE, text=True, start_new_session=True)
    assert process.stderr is not None
    for line in process.stderr:
        if "COMPLETE" in line:
            break
    yield process
    process.stderr.close()
    if process.poll() is None:
        process.kill()
        process.wait()


def _gone(group: int) -> bool:
    """Whether no process of the group is left, within the time given."""
    ends = time.monotonic() + SECONDS
    while time.monotonic() < ends:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
    return False


def _states(directory: Path) -> list[TrialState]:
    study = optuna.load_study(study_name="small", storage=connect(f"sqlite:///{directory}/storage/volopt.db"))
    return [trial.state for trial in study.trials]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_polite_kill_end_the_run_and_keep_what_is_finished(
    run: "subprocess.Popen[str]", tmp_path: Path, sent: signal.Signals
) -> None:
    os.killpg(run.pid, sent) if sent == signal.SIGINT else run.send_signal(sent)  # Ctrl-C reaches the whole group
    assert run.stderr is not None
    said = run.stderr.read()
    assert run.wait(SECONDS) == 130
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert _gone(run.pid)
    states = _states(tmp_path)
    assert TrialState.COMPLETE in states
    assert TrialState.RUNNING not in states


def test_a_killed_driver_leaves_no_worker_and_is_repaired_by_the_next_run(
    run: "subprocess.Popen[str]", tmp_path: Path, sample: Path
) -> None:
    run.kill()
    run.wait(SECONDS)
    assert _gone(run.pid)
    assert TrialState.RUNNING in _states(tmp_path)
    subprocess.run(command(sample), cwd=tmp_path, check=True, capture_output=True)
    states = _states(tmp_path)
    assert states.count(TrialState.COMPLETE) == 6
    assert TrialState.RUNNING not in states


def test_a_second_run_of_the_same_study_says_who_holds_it(
    run: "subprocess.Popen[str]", tmp_path: Path, sample: Path
) -> None:
    second = subprocess.run(command(sample), cwd=tmp_path, capture_output=True, text=True)
    assert second.returncode == 1
    assert f"process {run.pid}" in second.stderr
    assert subprocess.run([*command(sample)[:3], "status"], cwd=tmp_path, capture_output=True).returncode == 0
