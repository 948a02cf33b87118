"""Charts drawn by matplotlib."""

import html
import io
from dataclasses import replace
from datetime import datetime, timedelta

import matplotlib as mpl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.image import imread
from matplotlib.transforms import Bbox

from figures.drawing.charts import ALL, ONE
from volopt.figures.chart import Axis, Chart, Line, Subplot
from volopt.figures.drawing.layout import WIDTH, chart_height
from volopt.figures.drawing.matplotlib import STYLE, _figure, draw


def test_a_png_has_the_width_asked_for() -> None:
    assert imread(io.BytesIO(draw(ONE, "png"))).shape[1] == WIDTH
    assert imread(io.BytesIO(draw(ONE, "png", 600))).shape[1] == 600


def test_with_fixed_room_for_labels_it_has_the_same_size() -> None:
    quick = imread(io.BytesIO(draw(ALL, "png", quick=True)))
    assert quick.shape == imread(io.BytesIO(draw(ALL, "png"))).shape


def test_there_is_room_for_notes_and_legend() -> None:
    assert imread(io.BytesIO(draw(ALL, "png"))).shape[0] > chart_height(ALL)


@pytest.mark.parametrize("form", ["png", "svg"])
def test_with_fixed_room_the_same_chart_is_drawn_to_the_same_bytes(form: str) -> None:
    assert draw(ALL, form, quick=True) == draw(ALL, form, quick=True)


def marks_of(chart: Chart, *, quick: bool) -> tuple[list[Bbox], list[Bbox]]:
    """Return the places of the subplots with all their labels, and of title, legend and notes."""
    with mpl.rc_context(STYLE):
        figure = _figure(chart, WIDTH, quick)
        FigureCanvasAgg(figure).draw()
    subplots = [axes.get_tightbbox() for axes in figure.axes if axes.get_visible()]
    return subplots, [each.get_window_extent() for each in (*figure.texts, *figure.legends)]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("title", ["short", "a title of two lines, since it is longer than one can be " * 3])
def test_title_legend_and_notes_stand_clear_of_the_subplots(title: str, quick: bool) -> None:
    chart = replace(ONE if quick else ALL, title=title, subtitle="about", notes=["a note"])
    subplots, others = marks_of(chart, quick=quick)
    assert len(others) >= 2
    for each in others:
        assert not any(each.overlaps(subplot) for subplot in subplots)
        assert not any(each.overlaps(other) for other in others if other is not each)
        assert (each.x0 >= 0, each.y0 >= 0, each.x1 <= WIDTH) == (True, True, True)


@pytest.mark.parametrize("seconds", [3, 50, 150, 270, 600, 10**4, 10**5, 10**6, 10**7, 10**8, 3 * 10**8])
def test_times_over_any_span_have_ticks(seconds: int) -> None:
    """Matplotlib warns if it finds no ticks, and tests treat warnings as errors."""
    start = datetime(2026, 11, 23, 22, 47, 13)
    ends = [start.isoformat(), (start + timedelta(seconds=seconds)).isoformat()]
    draw(Chart("t", [Subplot(Axis("time", "date"), Axis("y"), [Line(ends, [1.0, 2.0])])]), "png")


def test_every_word_is_drawn_as_it_is() -> None:
    drawn = draw(ALL, "svg").decode()
    for words in ("Every mark <script>alert(1)</script> of $x$", "by <date> & $time$", "RNN", "a note with <b>"):
        assert f"<!-- {html.escape(words)} -->" in drawn  # stands above the paths of its letters


def test_large_numbers_are_written_short() -> None:
    subplot = Subplot(Axis("x"), Axis("y"), [Line([1, 2], [1e6, 3e6])])
    assert "<!-- 2M -->" in draw(Chart("t", [subplot]), "svg").decode()


def test_a_log_axis_has_round_ticks() -> None:
    subplot = Subplot(Axis("x"), Axis("y", "log"), [Line([1, 2], [0.004, 0.03])])
    drawn = draw(Chart("t", [subplot]), "svg").decode()
    assert all(f"<!-- {tick} -->" in drawn for tick in ("0.005", "0.01", "0.02"))
