"""A reader of a pipe hears from a long run from time to time."""

import threading

import pytest

from volopt.cli.progress import ProgressDisplay


def test_a_line_breaks_a_silence_until_the_display_ends(capsys: pytest.CaptureFixture[str]) -> None:
    third = threading.Event()
    count = iter(range(1000))

    def line() -> str:
        number = next(count)
        if number == 2:
            third.set()
        return f"line {number}"

    with ProgressDisplay() as display:
        display._break_silence(line, seconds=0.01)
        assert third.wait(30)
    for thread in threading.enumerate():
        if thread.name == "progress":
            thread.join(30)
            assert not thread.is_alive()
    assert capsys.readouterr().err.startswith("line 0\nline 1\nline 2\n")
