"""The command line, called in this process as the console script calls it."""

import io
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import Said, Volopt
from volopt.cli.main import main

MATPLOTLIB_CACHE = Path.home() / ".cache" / "matplotlib"


@pytest.fixture
def volopt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Volopt]:
    """Runs ``volopt`` with arguments in an empty directory and returns (exit code, stdout, stderr); nobody answers."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))  # no ~/.qlib of the machine
    monkeypatch.setenv("MPLCONFIGDIR", str(MATPLOTLIB_CACHE))  # its list of fonts, otherwise a file in this home
    for name in ("VOLOPT_DATA", "VOLOPT_STORAGE", "VOLOPT_DEVICE", "VOLOPT_WORKERS", "VOLOPT_SCHEDULER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    before = signal.getsignal(signal.SIGTERM)

    def call(*arguments: object) -> Said:
        monkeypatch.setattr(sys, "argv", ["volopt", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    yield call
    signal.signal(signal.SIGTERM, before)
