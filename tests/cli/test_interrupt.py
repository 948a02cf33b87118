"""A run in a process of its own, ended from outside."""

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from optuna.trial import TrialState

from cli.long_run import POINTS, SECONDS, LongRun, long_run


@pytest.fixture
def run(tmp_path: Path, sample: Path) -> Iterator[LongRun]:
    """A long run after its first finished trial."""
    with long_run(tmp_path, sample, "-v") as found:
        found.read_until("COMPLETE")
        yield found


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_and_a_polite_kill_end_the_run_within_seconds_and_keep_what_is_finished(
    run: LongRun, sent: signal.Signals
) -> None:
    pid = run.process.pid
    os.killpg(pid, sent) if sent == signal.SIGINT else run.process.send_signal(sent)  # Ctrl-C reaches the whole group
    assert run.ended() == 130
    assert run.gone()
    assert "Interrupted at once" not in run.said  # in good order, within its grace
    assert "Traceback" not in run.said
    states = run.states()
    assert TrialState.COMPLETE in states
    assert {trial.user_attrs["reason"] for trial in run.trials() if trial.state == TrialState.FAIL} == {"interrupted"}
    assert TrialState.RUNNING not in states


def test_an_interrupted_run_says_how_to_go_on_and_goes_on_from_its_rungs(run: LongRun) -> None:
    run.read_until("epoch 40 of 80")
    run.process.send_signal(signal.SIGINT)
    assert run.ended() == 130
    (command,) = [line.strip() for line in run.said.splitlines() if line.startswith("  volopt run ")]
    arguments = [sys.executable, "-m", *shlex.split(command)]
    told = subprocess.run([*arguments, "--workers", "2", "-v"], cwd=run.directory, capture_output=True, text=True)
    assert told.returncode == 0
    assert "resumes at epoch" in told.stderr
    assert run.states().count(TrialState.COMPLETE) == POINTS


def test_a_second_ctrl_c_ends_the_run_at_once_and_loses_nothing_that_is_finished(run: LongRun) -> None:
    os.kill(run.process.pid, signal.SIGSTOP)  # so that both signals are there before anything is done about them
    for sent in (signal.SIGINT, signal.SIGTERM):
        run.process.send_signal(sent)
    os.kill(run.process.pid, signal.SIGCONT)
    assert run.ended() == 130
    assert run.gone()
    finished = {t.number: t.value for t in run.trials() if t.state == TrialState.COMPLETE}
    assert finished
    assert run.again().returncode == 0
    after = {t.number: t.value for t in run.trials()}
    assert finished.items() <= after.items()
    assert run.states().count(TrialState.COMPLETE) == POINTS


def test_a_killed_driver_leaves_no_worker_and_is_repaired_by_the_next_run(run: LongRun) -> None:
    run.process.kill()
    assert run.process.wait(SECONDS) == -signal.SIGKILL
    assert run.gone()
    assert TrialState.RUNNING in run.states()
    assert run.again().returncode == 0
    states = run.states()
    assert states.count(TrialState.COMPLETE) == POINTS
    assert TrialState.RUNNING not in states


def test_a_second_run_of_the_same_study_says_who_holds_it_while_others_read(run: LongRun) -> None:
    run.pause_workers()
    second = run.again()
    assert second.returncode == 1
    assert f"process {run.process.pid}" in second.stderr
    status = subprocess.run([*run.arguments[:3], "status"], cwd=run.directory, capture_output=True, text=True)
    assert status.returncode == 0
    assert f"{run.states().count(TrialState.COMPLETE)}/{POINTS}" in status.stdout


def test_different_studies_of_one_database_run_together(run: LongRun) -> None:
    other = run.again("--name", "other", "--epochs", "2")
    assert other.returncode == 0
    assert run.ended() == 0
    assert run.states() == [TrialState.COMPLETE] * POINTS
