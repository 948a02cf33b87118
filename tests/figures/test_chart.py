"""A figure as plain numbers."""

import json
from dataclasses import replace

from volopt.figures.chart import Axis, Band, Chart, ColourScale, Line, Points, Subplot

SUBPLOTS = (
    Subplot(Axis("x"), Axis("y"), [Line([1, 2], [3, None], "a", "#0072B2"), Line([1], [2])], "first"),
    Subplot(Axis("x"), Axis("y"), [Line([1], [2], "a"), Band([1], [2], [3], "b"), Points([1], [2], "a")], "second"),
)
CHART = Chart(
    "A title", SUBPLOTS, "a subtitle", ("a note",), columns=2, scale=ColourScale("value", 0.0, 1.0), facts={"n": 3}
)


def test_its_numbers_are_json_and_name_the_marks() -> None:
    numbers = json.loads(json.dumps(CHART.numbers(), allow_nan=False))
    first, second = numbers["panels"]
    assert numbers["title"] == "A title"
    assert numbers["notes"] == ["a note"]
    assert numbers["facts"] == {"n": 3}
    assert numbers["scale"]["title"] == "value"
    assert [mark["mark"] for mark in second["marks"]] == ["line", "band", "points"]
    assert first["marks"][0]["y"] == [3, None]
    assert first["title"] == "first"


def test_it_splits_into_charts_of_one_subplot_each() -> None:
    first, second = CHART.split()
    assert (first.subplots, second.subplots) == (SUBPLOTS[:1], SUBPLOTS[1:])
    assert first.columns == second.columns == 1
    assert first.title == second.title == "A title"


def test_it_splits_into_charts_of_several_subplots() -> None:
    three = replace(CHART, subplots=[*SUBPLOTS, SUBPLOTS[0]])
    first, last = three.split(2)
    assert ([*first.subplots], [*last.subplots]) == ([*SUBPLOTS], [SUBPLOTS[0]])
    assert first.columns == 2


def test_its_legend_has_each_name_once_in_the_order_of_the_marks() -> None:
    legend = CHART.legend()
    assert list(legend) == ["a", "b"]
    assert legend["a"] == SUBPLOTS[0].marks[0]
