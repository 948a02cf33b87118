"""A study that takes a while, run in a process of its own, so that tests can do things to it from outside."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState

import processes
from builders import SAMPLE_DATA
from volopt.storage.database.connect import connect

SECONDS = 60  # until we say that something never happened
POINTS = 5
STUDY = f"""
format = 1
name = "small"
{SAMPLE_DATA}[training]
epochs = 80
seeds = 2
[space]
cell = ["LSTM"]
hidden_size = [4, 5, 6, 7, 8]
[[phase]]
name = "width"
sampler = "grid"
grid = {{ hidden_size = [4, 5, 6, 7, 8] }}
"""


class LongRun:
    """The run of a study named small with two workers, in a process group of its own."""

    def __init__(
        self,
        directory: Path,
        sample: Path,
        *options: str,
        study: str = STUDY,
        workers: Sequence[str] = ("--workers", "2"),
        **environment: str,
    ) -> None:
        self.directory, self.environment = directory, environment
        self.arguments = [sys.executable, "-m", "volopt", "run", "small.toml", "--data", str(sample), *workers]
        self.arguments += options
        (directory / "small.toml").write_text(study)
        self.process = subprocess.Popen(
            self.arguments,
            cwd=directory,
            env=self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.said = ""

    @property
    def _environment(self) -> Mapping[str, str]:
        return os.environ | self.environment

    def read_until(self, part: str) -> None:
        """Read what the run says up to a line with ``part`` in it."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if part in line:
                return
        raise AssertionError(f"the run ended before it said {part!r}: {self.said}")

    def ended(self, seconds: float = SECONDS) -> int:
        """Return the exit code once the run has ended; all that it said is in ``said``."""
        assert self.process.stderr is not None
        self.said += self.process.stderr.read()
        return self.process.wait(seconds)

    def gone(self, seconds: float = SECONDS) -> bool:
        """Whether no process of the run is left, within the time given."""
        ends = time.monotonic() + seconds
        while time.monotonic() < ends:
            try:
                os.killpg(self.process.pid, 0)
            except ProcessLookupError:
                return True
        return False

    def pause_workers(self) -> None:
        """Stop its workers, so that the run goes on to nothing and does not end; ``long_run`` kills them."""
        for pid in processes.workers(self.process.pid):
            os.kill(pid, signal.SIGSTOP)

    def again(self, *options: str) -> "subprocess.CompletedProcess[str]":
        """Run the same command to its end."""
        command = [*self.arguments, *options]
        return subprocess.run(command, cwd=self.directory, env=self._environment, capture_output=True, text=True)

    def trials(self) -> list[FrozenTrial]:
        """Return the study's trials as they are stored."""
        url = self.environment.get("VOLOPT_STORAGE", f"sqlite:///{self.directory}/storage/volopt.db")
        with closing(connect(url)) as storage:
            return optuna.load_study(study_name="small", storage=storage).trials

    def states(self) -> list[TrialState]:
        """Return the states of its trials."""
        return [trial.state for trial in self.trials()]


@contextmanager
def long_run(directory: Path, sample: Path, *options: str, **said: Any) -> Iterator[LongRun]:
    """Begin a run and, at the end, end what is left of it."""
    run = LongRun(directory, sample, *options, **said)
    try:
        yield run
    finally:
        with suppress(ProcessLookupError):
            os.killpg(run.process.pid, signal.SIGKILL)
        run.process.communicate()
