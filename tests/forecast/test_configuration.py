"""Which trial is refitted, and for how long."""

import pytest

from volopt.errors import StudyError, UsageError
from volopt.forecast.configuration import choose
from volopt.forecast.source import RefitSource
from volopt.storage.database.connect import connect
from volopt.studies import listing
from volopt.studies import study as studies


def test_the_best_trial_is_trained_for_the_mean_of_the_epochs_its_seeds_kept(best: RefitSource, studied: str) -> None:
    study, _ = studies.find(connect(studied), "small")
    kept = [seed["best_epoch"] for seed in listing.seeds(study.best_trial)]
    assert (best.choice.trial, best.choice.epochs) == (study.best_trial.number, round(sum(kept) / len(kept)))
    tasks = best.choice.tasks("cpu", "highest")
    assert [task.seed for task in tasks] == [0, 1]
    assert {(task.epochs, task.early_stopping, task.loss) for task in tasks} == {(best.choice.epochs, None, "huber")}
    assert best.choice.window == study.best_trial.params["window"]


def test_without_early_stopping_it_is_the_study_s_number(best: RefitSource, studied: str) -> None:
    study, definition = studies.find(connect(studied), "small")
    plain = definition.model_copy(
        update={"training": definition.training.model_copy(update={"early_stopping": "none", "epochs": 3})}
    )
    assert choose(study, plain, "1", synthetic=True).epochs == 3


@pytest.mark.parametrize(("text", "window"), [("0", 8), ("1", 5), ("window=5", 5)])  # the longest fit goes first
def test_a_trial_is_named_by_number_or_parameters(studied: str, text: str, window: int) -> None:
    study, definition = studies.find(connect(studied), "small")
    assert choose(study, definition, text, synthetic=True).window == window


@pytest.mark.parametrize(("text", "error"), [("7", StudyError), ("har", UsageError), ("bst", UsageError)])
def test_what_names_no_trial_is_refused(studied: str, text: str, error: type[Exception]) -> None:
    study, definition = studies.find(connect(studied), "small")
    with pytest.raises(error):
        choose(study, definition, text, synthetic=True)


def test_days_that_chose_are_those_of_train_and_valid(best: RefitSource) -> None:
    data = best.choice.definition.data
    assert data.train is not None
    assert data.valid is not None
    assert best.choice.chosen_on == (data.train[0], data.valid[1])
