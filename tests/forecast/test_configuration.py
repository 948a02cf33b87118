"""Which trial is refitted, and for how long."""

import shutil
from pathlib import Path

import pytest

from volopt.errors import StudyError, UsageError
from volopt.forecast.configuration import RefitSource, find_configuration, load_source
from volopt.storage.artifacts import Artifacts
from volopt.storage.database.connect import connect
from volopt.studies import listing
from volopt.studies import study as studies

ARTIFACTS = Artifacts()  # numbers and parameters need none


def test_the_best_trial_is_trained_for_the_mean_of_its_seeds_best_epochs(best: RefitSource, storage: str) -> None:
    study, _ = studies.find(connect(storage), "small")
    configuration, trial = best.configuration, study.best_trial
    epochs = [seed["best_epoch"] for seed in listing.seeds(trial)]
    assert (configuration.trial, configuration.epochs) == (trial.number, round(sum(epochs) / len(epochs)))
    tasks = configuration.tasks("cpu", "highest")
    assert [task.seed for task in tasks] == [0, 1]
    assert {(task.epochs, task.early_stopping, task.loss) for task in tasks} == {(configuration.epochs, None, "huber")}
    assert configuration.window == trial.params["window"]


def test_without_early_stopping_it_is_trained_for_the_study_s_epochs(storage: str) -> None:
    study, definition = studies.find(connect(storage), "small")
    training = definition.training.model_copy(update={"early_stopping": "none", "epochs": 3})
    assert find_configuration(study, definition.model_copy(update={"training": training}), "1", ARTIFACTS).epochs == 3


@pytest.mark.parametrize(("text", "window"), [("0", 5), ("1", 8), ("window=5", 5)])  # a quick fit goes first
def test_a_trial_is_named_by_number_or_parameters(storage: str, text: str, window: int) -> None:
    study, definition = studies.find(connect(storage), "small")
    assert find_configuration(study, definition, text, ARTIFACTS).window == window


@pytest.mark.parametrize(("text", "error"), [("7", StudyError), ("har", UsageError), ("bst", UsageError)])
def test_a_text_that_names_no_trial_is_refused(storage: str, text: str, error: type[Exception]) -> None:
    study, definition = studies.find(connect(storage), "small")
    with pytest.raises(error):
        find_configuration(study, definition, text, ARTIFACTS)


def test_selection_days_are_those_of_train_and_valid(best: RefitSource) -> None:
    data = best.configuration.definition.data
    assert data.train is not None
    assert best.configuration.selection_days == (data.train[0], data.valid[0][1])


def test_a_study_of_a_sample_that_is_gone_reads_the_sample_again_and_never_real_data(
    best: RefitSource, storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".qlib" / "qlib_data" / "cn_data").mkdir(parents=True)
    shutil.copy(storage.removeprefix("sqlite:///"), tmp_path / "volopt.db")
    copy = f"sqlite:///{tmp_path}/volopt.db"
    writer = connect(copy, write=True)
    study, _ = studies.find(writer, "small")
    study.set_user_attr("volopt:data", studies.data_of(study).model_dump() | {"provider": str(tmp_path / "gone")})
    writer.close()
    source = load_source(copy, "small", "best", None, None)
    assert source.panel.source.provider == str(tmp_path / "sample_cn")
    assert source.panel.source.fingerprint == best.panel.source.fingerprint
