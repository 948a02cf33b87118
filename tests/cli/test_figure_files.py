"""In which format a figure is written."""

from pathlib import Path
from typing import get_args

import pytest

from volopt.cli.figure_files import file_format
from volopt.errors import UsageError
from volopt.figures.drawing.files import FORMATS, Format


def test_the_choices_are_those_that_can_be_drawn() -> None:
    assert get_args(Format) == FORMATS


@pytest.mark.parametrize(
    ("asked", "out", "found"),
    [
        (None, None, "html"),
        ("svg", None, "svg"),
        (None, "a.PNG", "png"),
        ("json", "a.json", "json"),
        (None, "figure", "html"),
        ("png", "figure", "png"),
        ("png", "my.figure", "png"),
    ],
)
def test_the_option_goes_before_the_name_of_the_file(asked: Format | None, out: str | None, found: Format) -> None:
    assert file_format(asked, Path(out) if out else None) == found


@pytest.mark.parametrize(("asked", "out", "told"), [("png", "a.svg", "contradict"), (None, "a.gif", "no format")])
def test_names_that_say_something_else_are_refused(asked: Format | None, out: str, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        file_format(asked, Path(out))
