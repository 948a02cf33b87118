"""What a shell completes."""

from pathlib import Path

import pytest
from click.shell_completion import ShellComplete

from hand_made import Shelf
from volopt.cli.main import cli


def completed(*words: str) -> list[str]:
    """Return what bash would offer for the last word."""
    shell = ShellComplete(cli, {}, "volopt", "_VOLOPT_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a study of two trials and a study file."""
    directory = tmp_path_factory.mktemp("completion")
    (directory / "storage").mkdir()
    shelf = Shelf(directory / "storage")
    definition = shelf.study("mine")
    shelf.trial(definition, None, cell="RNN")
    shelf.trial(definition, None, cell="LSTM")
    shelf.study("other", text=("[model]\n", 'static = ["$next_monday"]\n[model]\nstatic = "branch"\n'))
    (directory / "grid_of_mine.toml").touch()
    return directory


@pytest.fixture(autouse=True)
def inside(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(directory)
    monkeypatch.delenv("VOLOPT_STORAGE", raising=False)


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("tri", ["trials"]),
        ("trials mi", ["mine"]),
        ("status ", ["mine", "other"]),
        ("findings mine mi", ["mine"]),
        ("trials mine ", ["0", "1"]),
        ("plot mine imp", ["importance"]),
        ("plot mine importance a", ["all"]),
        ("plot mine forecast --trial ", ["likely", "simplest", "best"]),
        ("compare mine be", ["best"]),
        ("compare mine best h", ["har"]),
        ("compare other best h", ["har", "har_rolling", "har_x"]),
        ("trials nothing ", []),
        ("trials --storage sqlite:///nowhere.db m", []),
        ("trials --storage postgresql://nobody@nowhere/x m", []),
        ("trials --storage nonsense m", []),
    ],
)
def test_names_are_completed(line: str, offered: list[str]) -> None:
    assert completed(*line.split(" ")) == offered


def test_study_files_are_those_shipped_and_those_here() -> None:
    assert completed("run", "gr") == ["grid", "grid_of_mine.toml"]
    assert completed("check", "publ") == ["published", "published_volume"]
