"""The empirical distribution: that of Optuna's own plot, for all trials and for each phase."""

from bisect import bisect_right

import pytest
from optuna.visualization import plot_edf

from builders import STUDY
from figures.kinds.searches import MAXIMIZED, random, study_view, trial
from volopt.figures.chart import Chart, Line
from volopt.figures.kinds.edf import chart


def line(figure: Chart, name: str) -> Line:
    return next(mark for mark in figure.subplots[0].marks if isinstance(mark, Line) and mark.name.startswith(name))


def share(line: Line, value: float) -> float:
    """Return the height of the steps at a value."""
    return float(line.y[bisect_right([float(x or 0) for x in line.x], value) - 1] or 0)


@pytest.mark.parametrize("text", [STUDY, MAXIMIZED])
def test_the_line_of_all_trials_is_that_of_optuna(text: str) -> None:
    view = study_view(*random(20), trial(0.001, state="PRUNED"), text=text)
    drawn = line(chart(view), "all (20)")
    theirs = plot_edf(view.study).data[0]
    assert drawn.step
    assert [share(drawn, x) for x in theirs.x] == pytest.approx(list(theirs.y))


def test_each_phase_has_a_line_over_the_range_of_all() -> None:
    trials = [trial(0.2, "width"), trial(0.3, "width"), trial(0.1), trial(0.5), trial(0.2), trial(0.4)]
    figure = chart(study_view(*trials))
    width, extend = line(figure, "width (2)"), line(figure, "extend (4)")
    assert [share(width, x) for x in (0.1, 0.2, 0.25, 0.3, 0.5)] == [0, 0.5, 0.5, 1, 1]
    assert [share(extend, x) for x in (0.1, 0.2, 0.3, 0.4, 0.5)] == [0.25, 0.5, 0.5, 0.75, 1]
    for each in (width, extend, line(figure, "all")):
        assert (each.x[0], each.x[-1]) == (0.1, 0.5)
    assert width.colour != extend.colour


def test_a_study_of_one_phase_has_one_line() -> None:
    assert len(chart(study_view(*random(5))).subplots[0].marks) == 1


def test_which_side_is_better_is_reported() -> None:
    assert chart(study_view(trial(0.1))).notes[-1].startswith("Lower is better: the further left")
    assert chart(study_view(trial(0.1), text=MAXIMIZED)).notes[-1].startswith("Higher is better: the further right")
