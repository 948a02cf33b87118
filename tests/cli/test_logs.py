"""What is told while a run goes on, and what is kept for a report of an unexpected error."""

import io
import logging
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from builders import Volopt
from small_runs import TWO_TRIALS
from volopt.cli import logs
from volopt.search.driver import Driver

URL = "postgresql://me:s3cret@db.example/studies"


@pytest.fixture(autouse=True)
def logger() -> Iterator[logging.Logger]:
    """volopt's logger, as it is left by the test before."""
    found = logging.getLogger("volopt")
    before = found.handlers, found.level, found.propagate
    logs.recent_lines.clear()
    yield found
    found.handlers, found.propagate = before[0], before[2]
    found.setLevel(before[1])
    logs.recent_lines.clear()


@pytest.mark.parametrize(("verbose", "shown"), [(False, ["careful"]), (True, ["begun", "careful"])])
def test_warnings_are_always_told_and_the_rest_when_asked_for(verbose: bool, shown: list[str]) -> None:
    screen = io.StringIO()
    logs.log_to(Console(file=screen, width=20), verbose=verbose)
    log = logging.getLogger("volopt.search.driver")
    log.info("begun [bold]")
    log.warning("careful, a line that is longer than the screen")
    lines = screen.getvalue().splitlines()
    assert [line.split()[1].rstrip(",") for line in lines] == shown
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert ("[bold]" in screen.getvalue()) == verbose
    assert [line.split(": ")[1] for line in logs.recent_lines] == [
        "begun [bold]",
        "careful, a line that is longer than the screen",
    ]


def test_a_verbose_run_says_what_the_driver_does(volopt: Volopt, sample: Path, tmp_path: Path) -> None:
    (tmp_path / "small.toml").write_text(TWO_TRIALS)
    said = volopt("run", "small.toml", "--data", sample, "--workers", 2, "-v")[2]
    for part in ("trial 0 of width begins (", "hidden_size=7", "worker process", "trial 1, seed 1: epoch 1 of 1"):
        assert part in said
    quiet = volopt("run", "small.toml", "--data", sample, "--workers", 2, "--name", "quiet")[2]
    assert "begins" not in quiet


def test_an_unexpected_error_leaves_a_log_with_what_a_report_needs_and_no_password(
    volopt: Volopt, sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "small.toml").write_text(TWO_TRIALS)

    def broken(*arguments: object) -> None:
        raise ZeroDivisionError(f"while at {URL}, and half of a character \udcff")

    monkeypatch.setattr(Driver, "_end", broken)
    code, out, err = volopt("run", "small.toml", "--data", sample, "--workers", 1, "--json", "--name", URL[-7:])
    assert code == 3
    assert "Traceback" not in err
    assert "Please report it" in err
    (log,) = tmp_path.glob("volopt-*.log")
    assert str(log) in err
    assert str(log) in out
    text = log.read_text()
    for part in ("ZeroDivisionError", "Traceback", '"torch"', "--name studies", "trial 0 of width begins"):
        assert part in text
    assert "s3cret" not in text
    assert "postgresql://me:***@db.example/studies" in text


def test_where_no_log_can_be_written_the_terminal_has_it(
    volopt: Volopt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object, **said: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(tempfile, "NamedTemporaryFile", broken)
    monkeypatch.setattr("volopt.definition.load.shipped", lambda: 1 / 0)
    code, _, err = volopt("studies")
    assert code == 3
    assert "ZeroDivisionError" in err
    assert "the text above has the details" in err


def test_a_password_typed_in_the_wrong_place_is_not_repeated(volopt: Volopt) -> None:
    for arguments in (("run", URL), ("status", URL, "extra"), ("run", "grid", f"--workers={URL}"), ("plot", URL, "x")):
        code, out, err = volopt(*arguments, "--json")
        assert code in (1, 2)
        assert "s3cret" not in out + err
