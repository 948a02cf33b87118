"""Charts drawn by matplotlib."""

import html
import io

import pytest
from matplotlib.image import imread

from report.figures.drawing.charts import ALL, ONE
from volopt.report.figures.chart import Axis, Chart, Line, Panel
from volopt.report.figures.drawing.layout import WIDTH, height
from volopt.report.figures.drawing.matplotlib import draw


def test_a_png_has_the_width_asked_for() -> None:
    assert imread(io.BytesIO(draw(ONE, "png"))).shape[1] == WIDTH
    assert imread(io.BytesIO(draw(ONE, "png", 600))).shape[1] == 600


def test_with_fixed_room_for_labels_it_has_the_same_size() -> None:
    quick = imread(io.BytesIO(draw(ALL, "png", quick=True)))
    assert quick.shape == imread(io.BytesIO(draw(ALL, "png"))).shape


def test_there_is_room_for_notes_and_legend() -> None:
    assert imread(io.BytesIO(draw(ALL, "png"))).shape[0] > height(ALL)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_with_fixed_room_the_same_chart_is_drawn_to_the_same_bytes(form: str) -> None:
    assert draw(ALL, form, quick=True) == draw(ALL, form, quick=True)


def test_every_word_is_drawn_as_it_is() -> None:
    drawn = draw(ALL, "svg").decode()
    for words in ("Every mark <script>alert(1)</script> of $x$", "by <date> & $time$", "RNN", "a note with <b>"):
        assert f"<!-- {html.escape(words)} -->" in drawn  # stands above the paths of its letters


def test_large_numbers_are_written_short() -> None:
    panel = Panel(Axis("x"), Axis("y"), [Line([1, 2], [1e6, 3e6])])
    assert "<!-- 2M -->" in draw(Chart("t", [panel]), "svg").decode()


def test_a_log_axis_has_round_ticks() -> None:
    panel = Panel(Axis("x"), Axis("y", "log"), [Line([1, 2], [0.004, 0.03])])
    drawn = draw(Chart("t", [panel]), "svg").decode()
    assert all(f"<!-- {tick} -->" in drawn for tick in ("0.005", "0.01", "0.02"))
