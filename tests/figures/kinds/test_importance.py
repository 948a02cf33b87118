"""The figure of importances: a subplot a phase, labels and titles that say how sure the order is, and its JSON."""

import json

import pytest

from figures.kinds.searches import random, study_view, trial
from importance.studies import ERRORS, grid_rows, random_rows, stored
from volopt.figures.chart import Bars, Chart
from volopt.figures.drawing.files import FORMATS, renderer
from volopt.figures.kinds.importance import chart
from volopt.figures.study_view import NothingToPlotError, StudyView


def figure(rows: list, text: str = ERRORS) -> Chart:
    study, definition = stored(rows, text)
    return chart(StudyView(study, definition, study_view().artifacts))


def clear(cell: str, hidden_size: int) -> list[float]:
    return [(10 if cell == "RNN" else 1) * (1 + 0.01 * seed) for seed in range(3)]


@pytest.fixture(scope="module")
def both() -> Chart:
    """A whole grid, and a search."""
    return figure(grid_rows(clear) + random_rows(20, 3))


def test_a_phase_has_a_subplot_with_a_bar_for_each_parameter_interaction_and_for_seeds(both: Chart) -> None:
    grid, search = both.subplots
    assert grid.title == "width, 4 points: the order is settled"
    assert list(grid.y.names)[-1] == "cell, first 100%"  # on top
    assert {"seeds", "cell × hidden_size"} < set(grid.y.names)
    assert [mark.name for mark in grid.marks if isinstance(mark, Bars)] == ["ANOVA"]
    assert [mark.name for mark in search.marks if isinstance(mark, Bars)] == ["fANOVA", "PED-ANOVA"]
    assert [name.partition(",")[0] for name in search.y.names] == ["window", "learning_rate"]


def test_the_bars_have_their_intervals(both: Chart) -> None:
    for subplot in both.subplots:
        for mark in subplot.marks:
            assert isinstance(mark, Bars)
            assert len(mark.low) == len(mark.high) == len(mark.lengths) == len(subplot.y.names)


def test_json_names_phases_and_each_bar_has_value_low_high_and_first(both: Chart) -> None:
    phases = json.loads(json.dumps(both.numbers()["facts"]["phases"]))
    assert [(phase["phase"], phase["method"]) for phase in phases] == [
        ("width", "ANOVA"), ("extend", "PED-ANOVA"), ("extend", "fANOVA"),
    ]  # fmt: skip
    for phase in phases:
        assert set(phase) == {"phase", "method", "trials", "unit", "bars", "settled", "more"}
        for bar in phase["bars"]:
            assert set(bar) == {"name", "value", "low", "high", "first"}
    assert phases[0]["bars"][-1]["name"] == "seeds"


def test_one_parameter_has_no_order() -> None:
    alone = ERRORS.replace('cell = ["RNN", "LSTM"], hidden_size', "hidden_size")
    rows = [("width", {"hidden_size": size}, [size * 1.0, size * 1.1]) for size in (3, 5)]
    (subplot,) = figure(rows, alone).subplots
    assert subplot.title == "width, 2 points"
    assert set(subplot.y.names) == {"hidden_size", "seeds"}


def test_an_order_that_is_not_settled_is_in_the_title() -> None:
    scores = {("RNN", 3): 1.0, ("RNN", 5): 2.0, ("LSTM", 3): 2.1, ("LSTM", 5): 4.1}
    near = figure(grid_rows(lambda cell, hidden_size: [scores[cell, hidden_size] * factor for factor in (0.7, 1, 1.5)]))
    assert near.title == "Which parameters matter for valid_mse: the order is not settled in width"
    assert near.subplots[0].title.startswith("width, 4 points: not settled, about ")
    assert near.subplots[0].title.endswith(" more seeds")


@pytest.mark.parametrize("form", FORMATS)
def test_intervals_are_drawn_in_every_format(both: Chart, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BROWSER_PATH", "/nowhere")
    with renderer(form) as (_, draw):
        content = draw(both)
    assert len(content) > 1000
    assert form != "html" or b"arrayminus" in content


def test_one_seed_a_point_has_bars_without_intervals() -> None:
    drawn = figure(grid_rows(lambda cell, hidden_size: [1.0 + hidden_size + (cell == "RNN")]))
    (mark,) = drawn.subplots[0].marks
    assert isinstance(mark, Bars)
    assert (mark.low, mark.high) == ((), ())
    assert drawn.subplots[0].title == "width, 4 points: one seed, no intervals"
    assert not any(note.startswith("Lines:") for note in drawn.notes)


def test_only_complete_trials_count() -> None:
    others = [trial(0.9, state="PRUNED", window=3), trial(None, state="FAIL"), trial(None, state="RUNNING")]
    trials = random(9)
    assert chart(study_view(*trials, *others)).facts == chart(study_view(*trials)).facts


def test_values_that_are_all_the_same_have_nothing_to_tell() -> None:
    with pytest.raises(NothingToPlotError, match="small does not tell which parameters matter: "):
        chart(study_view(*(trial(0.5, window=window) for window in (2, 3, 4))))


def test_one_trial_has_no_importances() -> None:
    with pytest.raises(NothingToPlotError, match="no parameter of small varies: it has one COMPLETE trial"):
        chart(study_view(trial(0.5)))
