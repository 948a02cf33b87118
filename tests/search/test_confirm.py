"""More seeds for the trials that cannot be told from the best, on the sample, with tiny networks really trained."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from small_runs import TWO_TRIALS, run
from volopt.errors import DataError, StudyError
from volopt.search.confirm import Confirmation, ConfirmOptions, confirm
from volopt.selection.evaluation import Evaluation, evaluate
from volopt.storage.array_store import fits
from volopt.storage.artifacts import artifacts_of
from volopt.storage.database.address import parse_address
from volopt.storage.database.connect import connect
from volopt.storage.lock import study_lock
from volopt.studies import study as studies


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, sample: Path) -> Path:
    directory = tmp_path_factory.mktemp("study")
    run(TWO_TRIALS, directory, sample)
    return directory


@pytest.fixture
def directory(finished: Path, tmp_path: Path) -> Path:
    return shutil.copytree(finished, tmp_path / "copy")


def options(directory: Path, count: int) -> ConfirmOptions:
    return ConfirmOptions(f"sqlite:///{directory}/volopt.db", count, workers=1, device="cpu")


def ignore(confirmation: Confirmation) -> None:
    pass


def read(directory: Path) -> tuple[list[float | None], Evaluation, list[tuple[int, int]]]:
    with closing(connect(options(directory, 1).storage)) as storage:
        study, definition = studies.find(storage, "small")
        values = [trial.value for trial in study.get_trials(deepcopy=False)]
        added = [(fit.trial, fit.seed) for fit in studies.confirmed(study)]
        return values, evaluate(study, definition, artifacts_of(storage)), added


def test_seeds_are_added_in_rounds_and_optuna_s_values_stay(directory: Path) -> None:
    values, before, _ = read(directory)
    assert len(before.members) == 2
    done: list[int] = []
    confirmation = confirm("small", options(directory, 3), lambda so_far: done.append(so_far.fits))
    assert (done, confirmation.rounds, confirmation.failed) == ([1, 2, 3], 2, [])
    after_values, after, added = read(directory)
    assert after_values == values
    assert sorted(added)[:2] == [(0, 2), (0, 3)] or sorted(added)[1:] == [(1, 2), (1, 3)]
    assert sorted(trial.seeds for trial in after.trials) == [3, 4]
    assert sum(trial.confirmed for trial in after.trials) == 3
    for trial in after.trials:
        assert trial.value == values[trial.number]
        assert trial.estimate != trial.value
    assert not after.without_days


def test_stored_fits_are_not_trained_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = confirm("small", options(directory, 2), ignore)
    with closing(connect(options(directory, 1).storage, write=True)) as storage:
        studies.store_confirmed(studies.find(storage, "small")[0], [])
    monkeypatch.setattr("volopt.executors.trainer.SerialTrainer.submit", None)
    again = confirm("small", options(directory, 2), ignore)
    assert again.added == first.added


def test_an_interrupt_loses_no_finished_fit(directory: Path) -> None:
    def interrupt(confirmation: Confirmation) -> None:
        if confirmation.fits == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        confirm("small", options(directory, 4), interrupt)
    assert len(read(directory)[2]) == 2
    confirm("small", options(directory, 2), ignore)
    assert len(read(directory)[2]) == 4


def test_the_evaluation_does_without_a_fit_that_is_gone(directory: Path) -> None:
    confirmation = confirm("small", options(directory, 2), ignore)
    for fit in confirmation.added:
        fits(directory / "artifacts").path(fit.key).unlink()
    _, evaluation, _ = read(directory)
    assert [trial.seeds for trial in evaluation.trials] == [3, 3]
    assert not evaluation.without_days


def test_other_data_and_a_study_that_runs_are_refused(directory: Path, other_sample: Path, tmp_path: Path) -> None:
    wanted = options(directory, 1)
    with pytest.raises(StudyError, match="was run on other data"):
        confirm("small", replace(wanted, data=other_sample), ignore)
    with pytest.raises(DataError):
        confirm("small", replace(wanted, data=tmp_path / "nowhere"), ignore)
    with study_lock(parse_address(wanted.storage), "small"), pytest.raises(StudyError, match="is being run by"):
        confirm("small", wanted, ignore)
    assert read(directory)[2] == []
