"""Charts as plotly figures."""

import json
import math

import pytest

from figures.drawing.charts import ALL, BY_DATE, BY_SIZE, ONE
from volopt.figures.chart import Axis, Chart, ColourScale, ParallelLines, Points, ReferenceLine, Subplot
from volopt.figures.drawing.layout import COLOUR_STEPS, WIDTH
from volopt.figures.drawing.plotly import CARD_HEIGHT, card_figure, figure, subplot_figure

FOUND = json.loads(figure(ALL).to_json())


def trace(chart: Chart, name: str) -> dict[str, object]:
    (match,) = (each for each in json.loads(figure(chart).to_json())["data"] if each.get("name") == name)
    return dict(match)


def test_what_strangers_wrote_is_text() -> None:
    text = json.dumps(FOUND["layout"])
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "by &lt;date&gt; &amp; $time$" in text
    assert "&lt;i&gt;title" in text


def test_the_figure_has_room_for_legend_and_notes_below_the_subplots() -> None:
    layout, plain = FOUND["layout"], figure(ONE).layout
    assert layout["width"] == plain.width == WIDTH
    assert layout["height"] - layout["margin"]["b"] > 3 * 300
    assert layout["margin"]["b"] > plain.margin.b
    assert (layout["showlegend"], plain.showlegend) == (True, False)


def test_each_name_is_once_in_the_legend_and_hands_on_all_its_marks() -> None:
    twice = Chart("t", [BY_DATE, BY_DATE], columns=2)
    means = [each for each in figure(twice).data if each.name == "mean"]
    assert [each.showlegend for each in means] == [True, False]
    assert {each.legendgroup for each in means} == {"mean"}


def test_marks_without_a_name_have_no_entry() -> None:
    assert not any(each.showlegend for each in figure(ONE).data)


def test_a_line_keeps_its_gaps_steps_and_dashes() -> None:
    assert trace(ALL, "mean")["y"] == [2e6, None, 3e6]
    line = trace(ALL, "steps")["line"]
    assert line == {"color": "#000000", "dash": "dash", "shape": "hv", "width": 1.6}


def test_intervals_reach_from_low_to_high() -> None:
    bars = trace(ALL, "RNN")["error_y"]
    assert isinstance(bars, dict)
    assert bars["array"] == [pytest.approx(0.01), None]
    assert bars["arrayminus"] == [pytest.approx(0.01), pytest.approx(0.005)]


def test_hover_texts_have_their_lines() -> None:
    assert trace(ALL, "RNN")["hovertext"] == ["a<br>b", "c"]


def test_hover_texts_are_no_markup() -> None:
    subplot = Subplot(Axis("x"), Axis("y"), [Points([1], [1.0], hover=["<b>a</b>"])])
    assert tuple(figure(Chart("t", [subplot])).data[0].hovertext) == ("&lt;b&gt;a&lt;/b&gt;",)


def test_a_rule_reaches_over_all_positions_of_its_panel() -> None:
    line = trace(ALL, "har")
    assert (line["x"], line["y"]) == ([5, 25], [0.015, 0.015])


def test_a_log_axis_has_the_ticks_asked_for_or_round_ones() -> None:
    layout = figure(Chart("t", [BY_SIZE])).layout
    assert layout.xaxis.type == layout.yaxis.type == "log"
    assert tuple(layout.xaxis.ticktext) == ("5", "25")
    assert "0.01" in layout.yaxis.ticktext


def test_the_range_of_a_log_axis_is_given_in_powers_of_ten() -> None:
    subplot = Subplot(Axis("x"), Axis("y", "log", range=(0.1, 100.0)), [ReferenceLine(1.0)])
    assert tuple(figure(Chart("t", [subplot])).layout.yaxis.range) == (-1.0, 2.0)


def test_a_log_scale_colours_by_logarithms_and_names_the_values() -> None:
    axis = FOUND["layout"]["coloraxis"]
    assert (axis["cmin"], axis["cmax"]) == (math.log10(0.01), math.log10(0.03))
    assert "0.02" in axis["colorbar"]["ticktext"]


def test_many_lines_are_few_traces_in_the_order_of_the_lines() -> None:
    values = [number / 100 for number in range(101)]
    subplot = Subplot(Axis("x"), Axis("y"), [ParallelLines([0, 1], [[value, value] for value in values], values)])
    traces = figure(Chart("t", [subplot], scale=ColourScale("v", 0.0, 1.0))).data
    assert len(traces) == COLOUR_STEPS + 1  # and one that brings the colour bar
    assert traces[-2].y[0] > traces[0].y[0]
    assert sum(y is not None for each in traces[:-1] for y in each.y) == 202


def test_a_scale_of_one_value_has_one_colour() -> None:
    subplot = Subplot(Axis("x"), Axis("y"), [ParallelLines([0, 1], [[1.0, 1.0]], [2.0])])
    assert len(figure(Chart("t", [subplot], scale=ColourScale("v", 2.0, 2.0))).data) == 2


def test_a_panel_alone_fits_its_place_and_leaves_the_words_to_the_page() -> None:
    layout = subplot_figure(Chart("t", [BY_DATE], notes=["n"])).layout
    assert layout.width is None
    assert layout.autosize
    assert not layout.showlegend
    assert layout.title.text is None


def test_a_card_fills_its_place_and_has_room_for_all_its_words() -> None:
    notes = ["a note that takes more than one of the narrow lines that a card of the dashboard has " * 2, "n"]
    four = Chart("A title that is long enough for two lines of a card, which is narrow", [BY_DATE] * 4, "s", notes, 2)
    layout = card_figure(four).layout
    assert (layout.width, layout.height, layout.autosize) == (None, None, True)
    assert layout.title.text.count("<br>") == 2
    assert layout.annotations[-1].text.count("<br>") >= 2
    bare = card_figure(Chart("t", [BY_DATE])).layout
    assert layout.margin.t > bare.margin.t
    assert layout.margin.b > bare.margin.b
    upper, lower = layout.yaxis.domain, layout.yaxis3.domain
    area = CARD_HEIGHT - layout.margin.t - layout.margin.b
    assert upper[1] - upper[0] == pytest.approx(lower[1] - lower[0])
    assert (upper[1] - upper[0]) * area > 50
