"""What each command that reads shows on a terminal of 80, 100 and 200 columns: no row is wider, and nothing is cut."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from builders import Volopt
from small_runs import GRID_AND_RANDOM
from small_runs import run as run_small

WIDTHS = (80, 100, 200)
COMMANDS = (
    "studies",
    "status",
    "trials small",
    "trials small 0",
    "best small",
    "compare small likely har",
    "compare small 0 1",
    "findings",
    "findings --all",
    "check small.toml --data {sample}",
    "run small.toml --data {sample} --dry-run",
    "data check {sample}",
    "data check {sample} SH600000",
)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> str:
    return run_small(GRID_AND_RANDOM, tmp_path_factory.mktemp("screens"), sample).storage


@pytest.fixture
def screen(volopt: Volopt, storage: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., str]:
    """Return what a command shows at a width, or without one into a file."""
    monkeypatch.setenv("VOLOPT_STORAGE", storage)
    (tmp_path / "small.toml").write_text(GRID_AND_RANDOM)

    def shown(command: str, width: int | None) -> str:
        with monkeypatch.context() as terminal:
            if width is not None:
                for name, value in {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(width)}.items():
                    terminal.setenv(name, value)
            code, out, err = volopt(*command.split())
        assert code == 0, err
        return re.sub(r"\x1b\[[0-9;]*m", "", out)

    return shown


def is_to_copy(line: str) -> bool:
    """Whether a line is a command or a path, which stays whole."""
    return bool(re.match(r"Next:| +volopt ", line)) or not re.search(r"\S \S", line)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_terminal_shows_what_a_file_gets_and_no_line_is_too_wide(
    screen: Callable[..., str], sample: Path, command: str
) -> None:
    command = command.format(sample=sample)
    whole = screen(command, None)
    for width in WIDTHS:
        out = screen(command, width)
        long = [line for line in out.splitlines() if cell_len(line) > width and not is_to_copy(line)]
        assert not long, f"{width} columns: {long}"
        missing = Counter(whole.split()) - Counter(out.split())
        offered = re.search(r"A wider terminal also shows (.*?)\.", out, re.DOTALL)
        if offered:  # the columns that it names, and their numbers, are the only words that are not there
            missing -= Counter(re.split(r"[,\s]+", offered[1]))
            missing = Counter(word for word in missing if not re.fullmatch(r"-?[\d.,e+-]+|-", word))
        assert not missing, f"{width} columns"


def test_a_dry_run_of_a_finished_study_says_that_all_of_it_is_done(screen: Callable[..., str], sample: Path) -> None:
    out = screen(f"run small.toml --data {sample} --dry-run", None)
    assert out.endswith("All of it is done. Nothing was trained.\n")
