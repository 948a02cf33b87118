"""Learning curves of a study."""

from pathlib import Path

import pytest

from builders import definition
from figures.kinds.stored import Stored, left, really_run
from volopt.figures import colours
from volopt.figures.chart import Line, Points
from volopt.figures.kinds.curves import chart

STOPPED = "Seeds end at different epochs: mean and range are those of the seeds still training."


def test_the_best_trial_is_shown_with_its_parameters(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(left(), value=2.0)
    stored.add(left(valid_mse=((1.0, 0.5), (3.0, 1.5))), value=1.0, hidden_size=25)
    found = chart(stored.subject)
    assert found.title == "Learning curves of the best trial"
    assert [panel.title for panel in found.panels] == ["trial 1"]
    valid = next(mark for mark in found.panels[0].marks if getattr(mark, "name", "").startswith("valid_mse"))
    assert isinstance(valid, Line)
    assert valid.y == [2.0, 1.0]
    assert "Trial 1: cell=LSTM hidden_size=25 learning_rate=0.005 num_layers=1 window=20" in found.notes
    assert STOPPED not in found.notes


def test_trials_asked_for_have_a_panel_each(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    for value in (1.0, 2.0, 3.0):
        stored.add(left(), value=value)
    found = chart(stored.subject, (2, 1, 0))
    assert ([panel.title for panel in found.panels], found.columns) == (["trial 2", "trial 1", "trial 0"], 2)
    assert found.title == "Learning curves"


def test_seeds_that_stop_early_are_told(tmp_path: Path) -> None:
    stored = Stored(tmp_path)
    stored.add(left(valid_mse=((4.0, 2.0, 1.0), (8.0, 6.0))))
    assert STOPPED in chart(stored.subject).notes


@pytest.mark.parametrize(("patience", "kept"), [(2, True), ("none", False)])
def test_curves_end_at_the_scores_of_a_real_study(tmp_path: Path, patience: int | str, *, kept: bool) -> None:
    subject = really_run(tmp_path, definition(training={"epochs": 6, "early_stopping": patience}))
    best = subject.rows[subject.complete[0].number]
    (panel,) = chart(subject).panels
    marked = [mark for mark in panel.marks if isinstance(mark, Points)]
    lines = {mark.colour: mark for mark in panel.marks if isinstance(mark, Line)}
    if kept:
        (points,) = marked
        assert list(points.x) == [seed["best_epoch"] for seed in best["seeds"]]
        assert list(points.y) == [pytest.approx(seed["valid_mse"]) for seed in best["seeds"]]
    else:
        assert not marked
        assert lines[colours.SPLITS["valid"]].y[-1] == pytest.approx(best["value"])
        assert lines[colours.SPLITS["train"]].y[-1] == pytest.approx(best["metrics"]["train_mse"])
