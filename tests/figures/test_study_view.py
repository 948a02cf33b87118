"""A study as figures and report see it."""

import sqlite3
from pathlib import Path

import pytest

from hand_made import Shelf, World, content
from volopt.figures.study_view import StudyView
from volopt.studies import study as studies


@pytest.fixture
def view(tmp_path: Path) -> StudyView:
    shelf = Shelf(tmp_path)
    definition = shelf.study("grid")
    world = World(seeds=3)
    for size in (5, 25):
        result = world.trial(cell="RNN", hidden_size=size)
        shelf.trial(definition, content(result), cell="RNN", hidden_size=size)
    shelf.trial(definition, None, cell="RNN", hidden_size=125)
    shelf.failed(definition, "the loss is nan")
    study, _ = studies.find(shelf.storage, "grid")
    return StudyView(study, definition, shelf.artifacts)


def test_the_complete_trials_come_best_first(view: StudyView) -> None:
    assert [trial.number for trial in view.complete] == [0, 1, 2]
    assert [trial.number for trial in view.trials] == [0, 1, 2, 3]


def test_a_point_has_its_best_complete_trial(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    definition = shelf.study("grid")
    world = World(seeds=3)
    for size in (25, 5, 25):
        shelf.trial(definition, content(world.trial(cell="RNN", hidden_size=size)), cell="RNN", hidden_size=size)
    study, _ = studies.find(shelf.storage, "grid")
    for trial, value in zip(study.trials, (2.0, 3.0, 1.0), strict=True):
        change = sqlite3.connect(tmp_path / "volopt.db")
        change.execute("UPDATE trial_values SET value = ? WHERE trial_id = ?", (value, trial._trial_id))
        change.commit()
        change.close()
    again, _ = studies.find(Shelf(tmp_path).storage, "grid")
    by_point = StudyView(again, definition, shelf.artifacts).by_point
    assert {trial.params["hidden_size"]: trial.number for trial in by_point.values()} == {25: 2, 5: 1}


def test_a_trial_has_every_value_that_a_search_can_vary(view: StudyView) -> None:
    values = view.values(view.trials[1])
    assert (values["hidden_size"], values["cell"], values["dropout"]) == (25, "RNN", 0.0)


def test_what_is_gone_is_none(view: StudyView) -> None:
    assert view.file(view.trials[0]) is not None
    assert view.file(view.trials[2]) is None
    assert view.file(view.trials[3]) is None
    assert view.unread == {2}


def test_it_says_what_it_is_about(view: StudyView) -> None:
    assert view.subtitle == "study grid: SH600000 $volume, 3 seeds a trial"
    assert view.warnings == ("SYNTHETIC SAMPLE: generated data, not a market.",)
