"""Tables: whole in a file or a pipe, fitted to a terminal."""

import contextlib
import io
import os
import re
from collections import Counter
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from volopt.cli.output import print_table, say, show
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
    [(80, ["trial", "loss", "skill", "words"]), (40, ["trial", "loss", "words"]), (35, ["trial", "words"])],
)
def test_a_narrow_terminal_does_without_the_optional_columns_one_by_one(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch, width: int, kept: list[str]
) -> None:
    terminal.setenv("COLUMNS", str(width))
    print_table(COLUMNS, ROWS, folds=["words"], optional=["skill", "loss"])
    lines = printed(capsys)
    assert lines[0].split() == kept
    assert max(map(len, lines)) <= width
    text = " ".join(" ".join(line.split()) for line in lines[1:])
    assert "must fold" in text  # folded, not cut
    left_out = [name for name in ("skill", "loss") if name not in kept]
    assert (f"A wider terminal also shows {', '.join(left_out)}." in text) == bool(left_out)


WORDS = st.text("abcdefg", min_size=1, max_size=30)
CELLS = st.one_of(WORDS, st.lists(WORDS, min_size=1, max_size=6).map(" ".join), st.integers(), st.floats(0, 1))


def drawn_on_a_terminal(width: int, columns: list[str], rows: list[tuple[object, ...]], **options: Any) -> list[str]:
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(width), "NO_COLOR": "1"}
    out = io.StringIO()
    with mock.patch.dict(os.environ, terminal), contextlib.redirect_stdout(out):
        print_table(columns, rows, **options)
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [40, 80, 100, 200])
@given(data=st.data())
@settings(max_examples=30)
def test_no_letter_of_a_table_is_cut(width: int, data: st.DataObject) -> None:
    columns = data.draw(st.lists(WORDS, min_size=1, max_size=12, unique=True))
    rows = data.draw(st.lists(st.tuples(*[CELLS] * len(columns)), max_size=4, unique_by=lambda row: str(row[0])))
    folds = data.draw(st.lists(st.sampled_from(columns)))
    title = data.draw(st.lists(WORDS, max_size=12).map(" ".join))
    lines = drawn_on_a_terminal(width, columns, rows, title=title, folds=folds, turns=data.draw(st.booleans()))
    assert max(map(len, lines)) <= width
    wanted = Counter("".join(show(cell) for row in [columns, *rows, [title]] for cell in row).replace(" ", ""))
    assert Counter("".join(lines).replace(" ", "")) >= wanted  # the first column may be there several times


def test_rows_become_columns_where_only_that_fits() -> None:
    seeds = [f"seed {number}" for number in range(10)]
    rows = [("train_mse", *range(10)), ("valid_mse", *range(10, 20))]
    assert drawn_on_a_terminal(200, ["metric", *seeds], rows, turns=True)[0].split()[:2] == ["metric", "seed"]
    lines = drawn_on_a_terminal(80, ["metric", *seeds], rows, turns=True)
    assert lines[0].split() == ["metric", "train_mse", "valid_mse"]
    assert lines[1:] == [f"seed {number}          {number}         {10 + number}" for number in range(10)]


@pytest.mark.parametrize(("no_color", "is_green"), [("", True), ("1", False)])
def test_states_have_colours_unless_no_color_is_set(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch, no_color: str, is_green: bool
) -> None:
    terminal.setenv("NO_COLOR", no_color)
    print_table(["trial", "state"], [(0, "COMPLETE"), (1, "FAIL")])
    out = capsys.readouterr().out
    assert ("\x1b[32mCOMPLETE" in out, "\x1b[31mFAIL" in out) == (is_green, is_green)
    assert ("\x1b" in out) == is_green


def test_a_pipe_gets_no_colours(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["trial", "state"], [(0, "COMPLETE")])
    assert "\x1b" not in capsys.readouterr().out


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
    header, first, *_ = lines = printed(capsys)
    assert {"trial", "valid_log_r2", "test_log_r2", "parameters"} <= set(header.split())
    assert "test_mse" not in header.split()
    assert "0.7" in first.split()
    assert "…" not in first
    assert any(line.split()[:2] == ["har", "baseline"] for line in lines)
    assert any(line.startswith("A wider terminal also shows") for line in lines)


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


LONG = "One sentence names `volopt run grid --phase width` and goes on\nNext: volopt run grid --phase width --seeds 10"


def test_sentences_break_between_words_on_a_terminal_and_what_people_copy_stays_whole(
    capsys: pytest.CaptureFixture[str], terminal: pytest.MonkeyPatch
) -> None:
    terminal.setenv("COLUMNS", "40")
    say(LONG)
    sentence, command = capsys.readouterr().out.split("\nNext")
    assert sentence.splitlines() == ["One sentence names", "`volopt run grid --phase width` and goes", "on"]
    assert command == ": volopt run grid --phase width --seeds 10\n"
    say("- worse than one baseline, and much worse than another")
    assert capsys.readouterr().out == "- worse than one baseline, and much\n  worse than another\n"
    terminal.delenv("FORCE_COLOR")
    say(LONG)
    assert capsys.readouterr().out == f"{LONG}\n"


@given(text=st.text(st.sampled_from("ab `-\n"), max_size=80), width=st.integers(2, 30))
def test_a_broken_text_has_the_words_of_the_whole_one(text: str, width: int) -> None:
    shown = io.StringIO()
    terminal = {"FORCE_COLOR": "1", "TERM": "xterm", "COLUMNS": str(width)}
    with mock.patch.dict(os.environ, terminal), contextlib.redirect_stdout(shown):
        say(text)
    assert shown.getvalue().split() == text.split()
