"""Forecast against actual."""

from pathlib import Path

import numpy as np
import pytest

from builders import dataset, definition, frame
from figures.kinds.stored import ACTUAL, Stored, really_run, trial_content
from volopt import metrics
from volopt.baselines.forecasts import forecasts
from volopt.figures import colours
from volopt.figures.chart import Line
from volopt.figures.kinds.forecast import SELECTION, chart
from volopt.figures.study_view import NothingToPlotError, StudyView
from volopt.studies.best_trial import best_baseline


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> StudyView:
    return really_run(tmp_path_factory.mktemp("run"), definition(training={"epochs": 6}))


def line(view: StudyView, colour: str) -> Line:
    (match,) = (mark for mark in chart(view).subplots[0].marks if isinstance(mark, Line) and mark.colour == colour)
    return match


def test_actual_is_the_target_on_the_test_days(run: StudyView) -> None:
    actual, market = line(run, colours.ACTUAL), frame()
    days = market.dates.astype(str).tolist()
    rows = [days.index(str(day)) for day in actual.x]
    assert (actual.x[0], actual.x[-1]) == ("2020-05-01", "2020-05-31")
    assert actual.y == market.values[rows, market.columns.index("$volume")].tolist()


def test_the_lines_have_the_scores_of_the_study(run: StudyView) -> None:
    best, actual = run.complete[0], np.asarray(line(run, colours.ACTUAL).y, dtype=float)
    left = run.file(best)
    assert left is not None
    assert left.train.log_floor is not None
    floor = left.train.log_floor
    mean = np.asarray(line(run, colours.CELLS[best.params["cell"]]).y, dtype=float)
    assert metrics.log_r2(mean, actual, floor) == pytest.approx(best.user_attrs["ensemble_test_log_r2"])
    name = best_baseline(run.baselines)
    assert name is not None
    fitted = forecasts(dataset(run.definition), best.params["window"], run.definition.model.window)[name]["test"]
    assert line(run, colours.BASELINES[name]).y == pytest.approx(fitted.tolist())
    assert f"test_log_r2 {best.user_attrs['test_log_r2']:.4g}" in chart(run).subplots[0].title
    assert "the test split was not used" in SELECTION
    assert SELECTION in chart(run).notes


def test_trials_asked_for_are_not_called_the_best(run: StudyView) -> None:
    last = run.complete[-1].number
    figure = chart(run, (last,))
    assert figure.subplots[0].title.startswith(f"trial {last},")
    assert SELECTION not in figure.notes
    assert "best" not in figure.title


def test_a_flat_line_is_reported_and_a_baseline_that_is_gone_is_left_out(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(forecasts=([5e6] * 40, ACTUAL)), metrics={"test_log_r2": -2.5})
    (subplot,) = chart(stored.view).subplots
    assert subplot.title == "trial 0, test_log_r2 -2.5, flat line in 1 of 2 seeds"
    assert sum(isinstance(mark, Line) for mark in subplot.marks) == 2


def test_a_pruned_trial_has_no_forecast(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(forecasts=()))
    with pytest.raises(NothingToPlotError, match="no forecast to draw"):
        chart(stored.view)
