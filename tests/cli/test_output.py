"""Tables: whole in a file or a pipe, fitted to a terminal."""

import re

import pytest

from volopt.cli.output import print_table
from volopt.cli.trial_table import print_trials

COLUMNS = ("trial", "loss", "skill", "words")
ROWS = [(1, 0.123456, None, "a long sentence of many words that a narrow terminal must fold"), (2, 1.0, 0.5, "few")]


def printed(capsys: pytest.CaptureFixture[str]) -> list[str]:
    plain = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out)
    return [line.rstrip() for line in plain.splitlines()]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A terminal whose width a test sets as COLUMNS."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    return monkeypatch


def test_a_pipe_gets_every_column_and_word_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    print_table(COLUMNS, ROWS, folds=["words"], optional=["skill", "loss"])
    header, first, _ = printed(capsys)
    assert header.split() == list(COLUMNS)
    assert first.split() == ["1", "0.1235", "-", *str(ROWS[0][3]).split()]


@pytest.mark.parametrize(
    ("width", "kept"),
    [(80, ["trial", "loss", "skill", "words"]), (50, ["trial", "loss", "words"]), (41, ["trial", "words"])],
)
def test_a_narrow_terminal_does_without_the_optional_columns_one_by_one(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch, width: int, kept: list[str]
) -> None:
    terminal.setenv("COLUMNS", str(width))
    print_table(COLUMNS, ROWS, folds=["words"], optional=["skill", "loss"])
    lines = printed(capsys)
    assert lines[0].split() == kept
    assert max(map(len, lines)) <= width
    words = " ".join(" ".join(line.split()) for line in lines[1:])
    assert "must fold" in words  # folded, not cut


def test_the_objective_and_the_parameters_stay_on_a_terminal_of_80_characters(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    terminal.setenv("COLUMNS", "80")
    scores = {"valid_log_r2": 0.7, "test_log_r2": 0.6, "valid_mse": 0.001, "test_mse": 0.0012345, "flatness": 0.5}
    trial = {
        "number": 3,
        "state": "COMPLETE",
        "phases": ["search"],
        "metrics": scores,
        "params": {"cell": "LSTM", "hidden_size": 25, "num_layers": 1},
        "reason": None,
    }
    print_trials([trial], {"har": scores}, "valid_log_r2")
    header, first, *_, last = printed(capsys)
    assert {"trial", "valid_log_r2", "test_log_r2", "parameters"} <= set(header.split())
    assert "test_mse" not in header.split()
    assert "0.7" in first.split()
    assert "…" not in first
    assert last.split()[:2] == ["har", "baseline"]


@pytest.mark.parametrize(
    "text", ["[bold red]no[/]", "[/nothing]", "[link=https://example.com]here[/link]", ":warning:"]
)
def test_what_is_markup_to_rich_is_text_in_cells_titles_and_headers(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch, text: str
) -> None:
    print_table([text, "words"], [(text, 1)], title=text, folds=["words"])
    assert [text in line for line in printed(capsys)] == [True] * 3


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J\x1b[31mgone", r"\x1b[2J\x1b[31mgone"),
        ("\x1b]8;;https://example.com\x07here", r"\x1b]8;;https://example.com\x07here"),
        ("a\rb\x9bc\x08d", r"a\rb\x9bc\x08d"),
        ("two\nlines", r"two\nlines"),
        ("\u202eturned", r"\u202eturned"),
        ("half \ud800", r"half \ud800"),
    ],
)
@pytest.mark.parametrize("tty", [True, False])
def test_nothing_in_a_table_steers_the_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, text: str, shown: str, tty: bool
) -> None:
    if tty:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
    print_table(["trial", text], [(text, 1)], folds=[text], title="Trial")
    out = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out) if tty else capsys.readouterr().out
    assert out.count(shown) == 2
    assert all(letter.isprintable() or letter == "\n" for letter in out)
