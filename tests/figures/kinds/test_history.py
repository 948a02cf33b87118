"""The history: values by number, the best so far as Optuna has it, pruned trials, the best baseline."""

import math

import pytest
from optuna.visualization import plot_optimization_history

from builders import STUDY
from figures.kinds.searches import HAR, MAXIMIZED, RIDGE, random, study_view, trial
from volopt.figures import colours
from volopt.figures.chart import Chart, Line, Points, ReferenceLine
from volopt.figures.kinds.history import BEST, chart
from volopt.figures.study_view import NothingToPlotError


def points(figure: Chart) -> dict[str, dict[float, float]]:
    marks = [mark for mark in figure.subplots[0].marks if isinstance(mark, Points)]
    return {mark.name: dict(zip(mark.x, mark.y, strict=True)) for mark in marks}


def best(figure: Chart) -> Line:
    return next(mark for mark in figure.subplots[0].marks if isinstance(mark, Line) and mark.name == BEST)


@pytest.mark.parametrize("text", [STUDY, MAXIMIZED])
def test_values_and_best_so_far_are_those_of_optuna(text: str) -> None:
    view = study_view(*random(25), trial(0.003, state="PRUNED"), trial(None, state="RUNNING"), text=text)
    drawn, theirs = chart(view), plot_optimization_history(view.study)
    values = {x: y for x, y in zip(theirs.data[0].x, theirs.data[0].y, strict=True) if not math.isnan(y)}
    assert points(drawn)["extend"] == values
    steps = dict(zip(best(drawn).x, best(drawn).y, strict=True))
    assert steps == {x: y for x, y in zip(theirs.data[1].x, theirs.data[1].y, strict=True) if x in steps}
    assert steps.keys() == {*values, 26}  # it goes on to the last trial
    assert best(drawn).step


def test_each_phase_has_its_points_and_its_pruned_ones_a_cross() -> None:
    figure = chart(
        study_view(trial(0.3, "width"), trial(0.2), trial(0.4, state="PRUNED"), trial(None, state="PRUNED"), trial(0.1))
    )
    assert points(figure) == {"width": {0: 0.3}, "extend": {1: 0.2, 4: 0.1}, "extend, value when PRUNED": {2: 0.4}}
    by_name = {mark.name: mark for mark in figure.subplots[0].marks if isinstance(mark, Points)}
    assert by_name["extend, value when PRUNED"].symbol == "x"
    assert by_name["extend, value when PRUNED"].colour == by_name["extend"].colour != by_name["width"].colour


def test_trials_without_value_are_counted() -> None:
    lost = [trial(None, state=state) for state in ("FAIL", "FAIL", "RUNNING")]
    figure = chart(study_view(trial(0.3), *lost))
    assert figure.notes == ["3 of 4 trials have no finite value: 2 FAIL, 1 RUNNING."]
    assert chart(study_view(trial(0.3))).notes == []


def test_values_that_are_not_finite_are_left_out() -> None:
    figure = chart(study_view(trial(0.3), trial(math.inf), trial(0.2)))
    assert points(figure) == {"extend": {0: 0.3, 2: 0.2}}
    assert figure.notes == ["1 of 3 trials have no finite value: 1 FAIL."]


def test_the_best_baseline_by_valid_stands_there_in_its_colour() -> None:
    figure = chart(study_view(trial(0.3), baselines=HAR | RIDGE))
    rule = next(mark for mark in figure.subplots[0].marks if isinstance(mark, ReferenceLine))
    assert (rule.y, rule.colour) == (0.5, colours.BASELINES["har"])  # ridge has the better valid_mse and test
    assert "har" in rule.name
    phases = [mark for mark in figure.subplots[0].marks if isinstance(mark, Points)]
    assert rule.colour not in {mark.colour for mark in phases}


def test_without_the_objective_among_its_scores_no_baseline_is_drawn() -> None:
    figure = chart(study_view(trial(0.3), baselines={"har": {"valid_mse": math.nan, "valid_log_r2": 0.6}}))
    assert not any(isinstance(mark, ReferenceLine) for mark in figure.subplots[0].marks)


@pytest.mark.parametrize(("low", "kind"), [(0.05, "number"), (0.0005, "log"), (0.0, "number")])
def test_errors_over_a_wide_range_have_a_log_axis(low: float, kind: str) -> None:
    assert chart(study_view(trial(0.3), trial(low))).subplots[0].y.kind == kind
    assert chart(study_view(trial(low))).subplots[0].y.kind == "number"


def test_r2_has_no_log_axis() -> None:
    assert chart(study_view(trial(0.02), trial(0.3), text=MAXIMIZED)).subplots[0].y.kind == "number"


def test_a_far_outlier_of_r2_lies_outside_the_axis_and_is_counted() -> None:
    values = [0.5, 0.6, 0.55, 0.65, -20.0]
    figure = chart(study_view(*map(trial, values), text=MAXIMIZED))
    low, high = figure.subplots[0].y.range or (0, 0)
    assert -1 < low < 0.5
    assert 0.65 < high < 0.7
    assert figure.notes == ["Axes and colours end at 0.5; values below it: 1."]
    assert chart(study_view(*map(trial, values[:4]), text=MAXIMIZED)).notes == []


def test_states_without_complete_trials_are_reported() -> None:
    with pytest.raises(NothingToPlotError, match='the study "small" has no trials yet'):
        chart(study_view())
    with pytest.raises(NothingToPlotError, match=r"no trial of small is COMPLETE .*\(2 FAIL, 1 RUNNING\)"):
        chart(study_view(trial(None, state="FAIL"), trial(None, state="FAIL"), trial(None, state="RUNNING")))


def test_trial_numbers_are_whole_at_the_ticks() -> None:
    for count in (1, 5, 13, 30, 240):
        axis = chart(study_view(*(trial(0.1 + number) for number in range(count)))).subplots[0].x
        assert 1 <= len(axis.ticks) <= 13
        assert all(at == int(text) for at, text in axis.ticks)
        assert axis.ticks[-1][0] <= count - 1
