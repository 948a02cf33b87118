"""Charts as the content of files."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from figures.drawing.charts import ALL
from volopt.figures.drawing.files import FORMATS, Format, renderer

BEGINS = {"html": b"<!doctype html>", "png": b"\x89PNG\r\n", "svg": b"<", "json": b"{"}


@pytest.mark.parametrize("form", FORMATS)
def test_each_format_is_what_it_says(form: Format) -> None:
    with renderer(form) as (_, draw):
        assert draw(ALL).startswith(BEGINS[form])


def test_html_needs_no_other_host() -> None:
    with renderer("html") as (_, draw):
        page = draw(ALL).decode()
    assert 'src="http' not in page
    assert "<script>alert(1)" not in page


def test_json_has_the_numbers() -> None:
    with renderer("json") as (_, draw):
        assert json.loads(draw(ALL)) == json.loads(json.dumps(ALL.numbers(), default=list))


@pytest.mark.parametrize("form", ["png", "svg"])
def test_without_a_browser_matplotlib_draws(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere")
    with renderer(form) as (_, draw):
        drawn = draw(ALL)
    assert drawn.startswith(BEGINS[form])
    if form == "svg":
        assert b"matplotlib" in drawn
        ElementTree.fromstring(drawn)
