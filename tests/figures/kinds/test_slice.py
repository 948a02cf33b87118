"""Slices: a subplot for each parameter that varied, with the axis that its values need."""

import pytest

from builders import STUDY, definition
from figures.kinds.searches import random, study_view, trial
from volopt.figures import colours
from volopt.figures.chart import Points
from volopt.figures.kinds.slice import chart
from volopt.figures.study_view import NothingToPlotError


def test_each_parameter_that_varied_has_a_panel_with_all_trials() -> None:
    trials = random(20)
    figure = chart(study_view(*trials, trial(None, state="FAIL", window=6), trial(0.1, state="PRUNED", window=6)))
    names = [subplot.x.title.split(",")[0] for subplot in figure.subplots]
    assert names == ["cell", "hidden_size", "learning_rate", "window"]
    for name, subplot in zip(names, figure.subplots, strict=True):
        drawn = {
            (str(x), y)
            for mark in subplot.marks
            if isinstance(mark, Points)
            for x, y in zip(mark.x, mark.y, strict=True)
        }
        numeric = name != "cell"
        assert drawn == {(str(float(t.params[name]) if numeric else t.params[name]), t.value) for t in trials}


def test_a_parameter_of_one_value_has_no_panel() -> None:
    figure = chart(study_view(trial(0.1, window=2), trial(0.2, window=3)))
    assert [subplot.x.title for subplot in figure.subplots] == ["window, days"]
    with pytest.raises(NothingToPlotError, match="its 2 COMPLETE trials are alike"):
        chart(study_view(trial(0.1), trial(0.2)))


def test_axes_are_as_the_space_says() -> None:
    figure = chart(study_view(*random(20)))
    kinds = {subplot.x.title.split(",")[0]: subplot.x.kind for subplot in figure.subplots}
    assert kinds == {"cell": "category", "hidden_size": "number", "learning_rate": "log", "window": "number"}
    by_name = {subplot.x.title.split(",")[0]: subplot.x for subplot in figure.subplots}
    assert by_name["cell"].names == ["LSTM", "RNN"]
    assert list(by_name["hidden_size"].ticks) == [(3, "3"), (5, "5")]
    assert [text for _, text in by_name["learning_rate"].ticks] == ["0.0001", "0.001", "0.01", "0.1"]


def test_one_power_of_ten_is_no_scale_and_the_ticks_are_left_to_who_draws() -> None:
    (subplot,) = chart(study_view(trial(0.1, learning_rate=0.002), trial(0.2, learning_rate=0.03))).subplots
    assert subplot.x.kind == "log"
    assert list(subplot.x.ticks) == []


def test_values_listed_over_decades_have_a_log_axis_with_ticks_that_do_not_touch() -> None:
    text = STUDY.replace("[3, 5]\nwindow", "[2, 3, 4, 5, 100, 101]\nwindow")
    sizes = definition(text).space["hidden_size"]
    assert sizes == (2, 3, 4, 5, 100, 101)
    figure = chart(study_view(*(trial(0.1, of=definition(text), hidden_size=size) for size in sizes), text=text))
    axis = figure.subplots[0].x
    assert axis.kind == "log"
    assert [text for _, text in axis.ticks] == ["2", "3", "4", "100"]


def test_no_point_lies_on_the_edge_of_an_axis() -> None:
    for subplot in chart(study_view(*random(20))).subplots:
        if subplot.x.kind != "category":
            low, high = subplot.x.range or (0, 0)
            places = [float(x or 0) for mark in subplot.marks if isinstance(mark, Points) for x in mark.x]
            assert low < min(places) < max(places) < high


def test_cells_have_their_colours_and_samplers_their_symbols() -> None:
    figure = chart(
        study_view(trial(0.1, "width", cell="LSTM"), trial(0.2, "width"), trial(0.3, window=3), trial(0.4, cell="LSTM"))
    )
    marks = {mark.name: (mark.colour, mark.symbol) for mark in figure.subplots[0].marks if isinstance(mark, Points)}
    assert marks == {
        "LSTM, grid": (colours.CELLS["LSTM"], "circle"),
        "LSTM, random": (colours.CELLS["LSTM"], "diamond"),
        "RNN, grid": (colours.CELLS["RNN"], "circle"),
        "RNN, random": (colours.CELLS["RNN"], "diamond"),
    }
