"""Charts as the content of files."""

import json
import re
import struct
import xml.etree.ElementTree as ElementTree
from dataclasses import replace

import pytest

from figures.drawing.charts import ALL
from processes import MARK, kill, marked, until
from volopt.figures.drawing import files
from volopt.figures.drawing.files import FORMATS, Format, renderer
from volopt.figures.drawing.layout import WIDTH, Size
from volopt.figures.drawing.plotly import figure

BEGINS = {"html": b"<!doctype html>", "png": b"\x89PNG\r\n", "svg": b"<", "pdf": b"%PDF", "json": b"{"}


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


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_without_a_browser_matplotlib_draws(form: Format, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere")
    with renderer(form) as (_, draw):
        drawn = draw(ALL)
    assert drawn.startswith(BEGINS[form])
    if form == "svg":
        assert b"matplotlib" in drawn
        ElementTree.fromstring(drawn)


def test_a_browser_that_ends_before_it_is_told_to_close_is_not_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MARK, "browser")
    monkeypatch.setattr(files, "CLOSE_SECONDS", 0.5)
    with renderer("png") as (drawn_by, draw):
        assert (drawn_by, draw(ALL)[:6]) == ("plotly", BEGINS["png"])
        _, browser, *_ = sorted(marked("browser"))  # the first is choreographer's own and waits for the browser
        assert kill(browser)
    assert until(lambda: not marked("browser"), 10)


@pytest.mark.parametrize("browser", [True, False])
def test_a_png_for_a_paper_has_its_width_at_its_resolution(browser: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not browser:
        monkeypatch.setenv("BROWSER_PATH", "/nowhere")
    with renderer("png", Size(width=8.5, font_size=8, dpi=300)) as (_, draw):
        width = struct.unpack(">I", draw(ALL)[16:20])[0]
    assert width == pytest.approx(8.5 / 2.54 * 300, abs=3)


def test_a_pdf_has_its_width_in_points() -> None:
    with renderer("pdf", Size(width=8.5, font_size=8)) as (drawn_by, draw):
        box = re.search(rb"/MediaBox \[0 0 ([\d.]+)", draw(ALL))
    assert box is not None
    if drawn_by == "plotly":
        assert float(box[1]) == pytest.approx(8.5 / 2.54 * 72, abs=1.5)


def test_a_narrow_figure_has_fewer_columns_and_larger_letters_leave_less_room() -> None:
    three = replace(ALL, columns=3)
    assert [size.fit(three).columns for size in (Size(), Size(width=17), Size(width=8.5))] == [3, 2, 1]
    assert Size(font_size=18).layout_width == Size().layout_width * 0.52


def test_an_html_figure_is_as_wide_as_its_window() -> None:
    with renderer("html") as (_, draw):
        page = draw(ALL).decode()
    assert '"autosize":true' in page
    assert f'"width":{WIDTH}' not in page
    assert figure(ALL).layout.width == WIDTH  # of a picture
