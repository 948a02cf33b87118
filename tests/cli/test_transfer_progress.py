"""The progress of a download: bars on a terminal, few lines otherwise."""

import re

import pytest

from volopt.cli.transfer_progress import TransferProgress
from volopt.data.download.download import CHECKING, LOADING, UNPACKING

MB = 1_000_000


def told(capsys: pytest.CaptureFixture[str], *heard: tuple[str, int, int | None]) -> list[str]:
    """What is on stderr after the progress heard this."""
    with TransferProgress() as progress:
        for each in heard:
            progress(*each)
    out, err = capsys.readouterr()
    assert out == ""
    return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in err.splitlines()]


def test_a_large_file_takes_a_line_a_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, *((LOADING, done * MB, 200 * MB) for done in range(201)))
    assert lines == [f"loading: {done}.0 of 200.0 MB" for done in range(0, 201, 20)]


def test_a_small_file_takes_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, *((LOADING, done * MB // 10, MB) for done in range(11)))
    assert lines == ["loading: 0.0 of 1.0 MB", "loading: 1.0 of 1.0 MB"]


def test_a_file_of_unknown_length_is_told_by_what_has_arrived(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, *((LOADING, done * MB, None) for done in range(25)))
    assert lines == ["loading: 0.0 MB", "loading: 10.0 MB", "loading: 20.0 MB"]


def test_a_transfer_that_starts_again_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, (LOADING, 0, 50 * MB), (LOADING, 15 * MB, 50 * MB), (LOADING, 0, 50 * MB))
    assert lines[-2:] == ["loading: 15.0 of 50.0 MB", "loading: 0.0 of 50.0 MB"]


def test_the_other_stages_take_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    lines = told(capsys, *((UNPACKING, done, 5) for done in range(6)), (CHECKING, 0, None), (CHECKING, 0, 2))
    assert lines == ["unpacking 5 files", "checking 2 instruments"]


def test_a_terminal_shows_bytes_and_speed_then_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    lines = told(capsys, (LOADING, 0, 50 * MB), (LOADING, 50 * MB, 50 * MB), (UNPACKING, 5, 5), (CHECKING, 0, None))
    text = "\n".join(lines)
    assert "50.0/50.0 MB" in text
    assert "unpacking" in text
    assert "5/5" in text
    assert "checking" in text
