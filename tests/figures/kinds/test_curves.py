"""Learning curves of a study."""

from pathlib import Path

import pytest

from builders import definition
from figures.kinds.stored import Stored, really_run, trial_content
from volopt.figures import colours
from volopt.figures.chart import Line, Points
from volopt.figures.kinds.curves import STOPPED, chart


def test_the_best_trial_is_shown_with_its_parameters(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(), value=2.0)
    stored.add(trial_content(valid_mse=((1.0, 0.5), (3.0, 1.5))), value=1.0, hidden_size=25)
    figure = chart(stored.view)
    assert figure.title == "Learning curves of the likely best trial"
    assert [subplot.title for subplot in figure.subplots] == ["trial 1"]
    valid = next(mark for mark in figure.subplots[0].marks if getattr(mark, "name", "").startswith("valid_mse"))
    assert isinstance(valid, Line)
    assert valid.y == [2.0, 1.0]
    assert "Trial 1: cell=LSTM hidden_size=25 learning_rate=0.005 num_layers=1 window=20" in figure.notes
    assert STOPPED not in figure.notes


def test_trials_asked_for_have_a_panel_each(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    for value in (1.0, 2.0, 3.0):
        stored.add(trial_content(), value=value)
    figure = chart(stored.view, (2, 1, 0))
    assert ([subplot.title for subplot in figure.subplots], figure.columns) == (["trial 2", "trial 1", "trial 0"], 2)
    assert figure.title == "Learning curves"


def test_seeds_that_stop_early_are_reported(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(trial_content(valid_mse=((4.0, 2.0, 1.0), (8.0, 6.0))))
    assert STOPPED in chart(stored.view).notes


@pytest.mark.parametrize(("patience", "kept"), [(2, True), ("none", False)])
def test_curves_end_at_the_scores_of_a_real_study(tmp_path: Path, patience: int | str, *, kept: bool) -> None:
    view = really_run(tmp_path, definition(training={"epochs": 6, "early_stopping": patience}))
    best = view.rows[view.complete[0].number]
    (subplot,) = chart(view).subplots
    marked = [mark for mark in subplot.marks if isinstance(mark, Points)]
    lines = {mark.colour: mark for mark in subplot.marks if isinstance(mark, Line)}
    if kept:
        (points,) = marked
        assert list(points.x) == [seed["best_epoch"] for seed in best["seeds"]]
        assert list(points.y) == [pytest.approx(seed["valid_mse"]) for seed in best["seeds"]]
    else:
        assert not marked
        assert lines[colours.SPLITS["valid"]].y[-1] == pytest.approx(best["value"])
        assert lines[colours.SPLITS["train"]].y[-1] == pytest.approx(best["metrics"]["train_mse"])
