"""A search over networks with static inputs, with and without the window, and over epochs."""

from pathlib import Path

import pytest

from builders import SAMPLE_DATA
from small_runs import run
from volopt.figures.study_view import StudyView
from volopt.forecast.configuration import find_configuration
from volopt.report.blocks import FactsBlock
from volopt.report.question import question
from volopt.storage.artifacts import artifacts_of
from volopt.storage.database.connect import connect
from volopt.studies import listing
from volopt.studies import study as studies

STUDY = f"""
format = 1
name = "static"
{SAMPLE_DATA}static = ["Mean($volume, 60)", "$next_weekday"]
[model]
static = "branch"
dropout = 0.1
[training]
epochs = 2
batch_size = 256
gradient_clip = 1
schedule = "onecycle"
seeds = 1
[space]
cell = ["LSTM", "none"]
epochs = [2, 3]
hidden_size = [5, 7]
[[phase]]
name = "cells"
sampler = "grid"
grid = {{ cell = ["LSTM", "none"], epochs = [2, 3], hidden_size = [5, 7] }}
"""


@pytest.fixture(scope="module")
def view(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> StudyView:
    storage = connect(run(STUDY, tmp_path_factory.mktemp("static"), sample).storage)
    return StudyView(*studies.find(storage, "static"), artifacts_of(storage))


def test_each_trial_has_its_own_epochs(view: StudyView) -> None:
    assert len(view.complete) == 8
    assert all(listing.seeds(trial)[0]["epochs"] == trial.params["epochs"] for trial in view.complete)


def test_a_trial_is_refitted_for_its_own_epochs(view: StudyView) -> None:
    for trial in view.complete:
        found = find_configuration(view.study, view.definition, str(trial.number), view.artifacts)
        assert found.epochs == trial.params["epochs"]
        assert {task.epochs for task in found.tasks("cpu", "highest")} == {found.epochs}


def test_networks_without_a_window_have_no_gradients_of_layers_and_one_size(view: StudyView) -> None:
    values: dict[tuple[object, object], set[object]] = {}
    for trial in view.complete:
        file = view.file(trial)
        assert file is not None
        cell = trial.params["cell"]
        assert bool(file.seeds[0].curves.gradient_norm) is (cell == "LSTM")
        values.setdefault((cell, trial.params["epochs"]), set()).add(trial.value)
    assert {key: len(found) for key, found in values.items()} == {
        ("LSTM", 2): 2, ("LSTM", 3): 2, ("none", 2): 1, ("none", 3): 1
    }  # fmt: skip


def test_the_report_says_no_number_of_epochs_that_only_some_trials_have(view: StudyView) -> None:
    facts = next(block for block in question(view) if isinstance(block, FactsBlock))
    assert "one configuration, trained from 1 seed;" in dict(facts.pairs())["a trial is"]
