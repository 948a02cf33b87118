"""The timeline: when trials ran, by state; a function of the study and not of the clock."""

from datetime import timedelta

import pytest

from figures.kinds.searches import BEGAN, study_view, trial
from volopt.figures import colours
from volopt.figures.chart import Chart, Points, TimeSpans
from volopt.figures.kinds.timeline import chart
from volopt.figures.study_view import NothingToPlotError


def at(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat()


def spans(figure: Chart) -> dict[str, list[tuple[object, object, object]]]:
    marks = [mark for mark in figure.subplots[0].marks if isinstance(mark, TimeSpans)]
    return {mark.name: list(zip(mark.y, mark.start, mark.end, strict=True)) for mark in marks}


def test_each_trial_that_started_has_a_bar_in_the_colour_of_its_state() -> None:
    figure = chart(
        study_view(
            trial(0.1, lasts=10),
            trial(0.2, state="PRUNED", starts=10, lasts=5),
            trial(None, state="FAIL", starts=15, lasts=20),
            trial(0.3, starts=35, lasts=5),
            trial(None, state="WAITING"),
        )
    )
    assert spans(figure) == {
        "COMPLETE": [(0, at(0), at(10)), (3, at(35), at(40))],
        "PRUNED": [(1, at(10), at(15))],
        "FAIL": [(2, at(15), at(35))],
    }
    for mark in figure.subplots[0].marks:
        assert isinstance(mark, TimeSpans)
        assert mark.colour == colours.STATES[mark.name]
    assert figure.notes == ["1 of 5 trials are WAITING."]


def test_what_runs_is_drawn_to_the_last_time_known() -> None:
    figure = chart(
        study_view(
            trial(0.1, lasts=10), trial(None, state="RUNNING", starts=2), trial(None, state="RUNNING", starts=10.5)
        )
    )
    assert spans(figure)["RUNNING"] == [(1, at(2), at(10.5)), (2, at(10.5), at(10.5))]
    assert "2026-01-02 10:00:10" in figure.notes[-1]


def test_a_trial_too_short_to_be_seen_is_a_point_too() -> None:
    figure = chart(study_view(trial(0.1, lasts=1000), trial(None, state="FAIL", starts=1000, lasts=0.01)))
    (point,) = [mark for mark in figure.subplots[0].marks if isinstance(mark, Points)]
    assert (list(point.x), list(point.y), point.colour) == ([at(1000)], [1], colours.STATES["FAIL"])
    assert not any(isinstance(mark, Points) for mark in chart(study_view(trial(0.1, lasts=10))).subplots[0].marks)


def test_only_failed_trials_are_a_timeline_too() -> None:
    figure = chart(study_view(trial(None, state="FAIL", lasts=3)))
    assert spans(figure) == {"FAIL": [(0, at(0), at(3))]}


def test_a_study_where_nothing_has_started_has_no_timeline() -> None:
    with pytest.raises(NothingToPlotError, match='the study "small" has no trials yet'):
        chart(study_view())
    with pytest.raises(NothingToPlotError, match=r"\(1 WAITING\)"):
        chart(study_view(trial(None, state="WAITING")))
    with pytest.raises(NothingToPlotError, match="the first trial of small has only begun"):
        chart(study_view(trial(None, state="RUNNING")))
