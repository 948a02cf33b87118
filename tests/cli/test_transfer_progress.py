"""The progress of a download is bars on a terminal, few lines otherwise."""

import re

import pytest

from volopt.cli.transfer_progress import TransferProgress
from volopt.data.download.download import CHECKING, DOWNLOADING, UNPACKING

MB = 1_000_000


def printed(capsys: pytest.CaptureFixture[str], *calls: tuple[str, int, int | None]) -> list[str]:
    """Return the lines on stderr after these calls."""
    with TransferProgress() as progress:
        for call in calls:
            progress(*call)
    out, err = capsys.readouterr()
    assert out == ""
    return [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line) for line in err.splitlines()]


def test_a_large_file_has_a_line_every_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, *((DOWNLOADING, done * MB, 200 * MB) for done in range(201)))
    assert lines == [f"downloading: {done}.0 of 200.0 MB" for done in range(0, 201, 20)]


def test_a_small_file_has_two_lines(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, *((DOWNLOADING, done * MB // 10, MB) for done in range(11)))
    assert lines == ["downloading: 0.0 of 1.0 MB", "downloading: 1.0 of 1.0 MB"]


def test_a_file_of_unknown_length_has_a_line_every_10_megabytes(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, *((DOWNLOADING, done * MB, None) for done in range(25)))
    assert lines == ["downloading: 0.0 MB", "downloading: 10.0 MB", "downloading: 20.0 MB"]


def test_the_other_stages_have_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(capsys, *((UNPACKING, done, 5) for done in range(6)), (CHECKING, 0, None), (CHECKING, 0, 2))
    assert lines == ["unpacking 5 files", "checking 2 instruments"]


def test_a_terminal_shows_bytes_and_speed_then_counts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    lines = printed(
        capsys, (DOWNLOADING, 0, 50 * MB), (DOWNLOADING, 50 * MB, 50 * MB), (UNPACKING, 5, 5), (CHECKING, 0, None)
    )
    text = "\n".join(lines)
    assert "50.0/50.0 MB" in text
    assert "unpacking" in text
    assert "5/5" in text
    assert "checking" in text
