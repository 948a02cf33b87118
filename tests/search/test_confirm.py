"""More seeds for the trials that cannot be told from the best, on the sample, with tiny networks really trained."""

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from small_runs import TWO_TRIALS, run
from volopt.comparison.trial_results import read_trial
from volopt.errors import DataError, StudyError, UsageError
from volopt.search.confirm import Confirmation, ConfirmOptions, confirm
from volopt.selection.evaluation import Evaluation, evaluate
from volopt.selection.measurements import _forecast
from volopt.storage.array_store import fits
from volopt.storage.artifacts import Artifacts, artifacts_of
from volopt.storage.database.address import parse_address
from volopt.storage.database.connect import connect
from volopt.storage.lock import study_lock
from volopt.studies import study as studies


@pytest.fixture
def directory(two_trials: Path, tmp_path: Path) -> Path:
    return shutil.copytree(two_trials, tmp_path / "copy")


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
    for seed in confirmation.added:
        fits(directory / "artifacts").path(seed.keys[0]).unlink()
    _, evaluation, _ = read(directory)
    assert [trial.seeds for trial in evaluation.trials] == [3, 3]
    assert not evaluation.without_days


def test_an_added_seed_is_what_a_study_of_more_seeds_has_in_each_period(tmp_path: Path, sample: Path) -> None:
    periods = '[["2015-09-01", "2016-12-30"], ["2017-01-03", "2017-12-29"]]'
    study_file = TWO_TRIALS.replace('["2015-09-01", "2017-12-31"]', periods)
    for seeds in (2, 3):
        (tmp_path / str(seeds)).mkdir()
        run(study_file.replace("seeds = 2", f"seeds = {seeds}"), tmp_path / str(seeds), sample)
    with pytest.raises(UsageError, match="one more seed takes 2 fits"):
        confirm("small", options(tmp_path / "2", 1), ignore)
    confirmation = confirm("small", options(tmp_path / "2", 3), ignore)
    assert confirmation.fits == 2
    (added,) = confirmation.added
    results = []
    for seeds in (2, 3):
        with closing(connect(options(tmp_path / str(seeds), 1).storage)) as storage:
            study, _ = studies.find(storage, "small")
            results.append(read_trial(study, study.get_trials(deepcopy=False)[added.trial], artifacts_of(storage)))
    third = results[1].seeds[2]
    assert added.value == pytest.approx(third.metrics["valid_mse"])
    forecast = _forecast(Artifacts(tmp_path / "2" / "artifacts"), added, results[0])
    np.testing.assert_allclose(np.asarray(forecast), third.forecast["valid"])


def test_other_data_and_a_study_that_runs_are_refused(directory: Path, other_sample: Path, tmp_path: Path) -> None:
    wanted = options(directory, 1)
    with pytest.raises(StudyError, match="was run on other data"):
        confirm("small", replace(wanted, data=other_sample), ignore)
    with pytest.raises(DataError):
        confirm("small", replace(wanted, data=tmp_path / "nowhere"), ignore)
    with study_lock(parse_address(wanted.storage), "small"), pytest.raises(StudyError, match="is being run by"):
        confirm("small", wanted, ignore)
    assert read(directory)[2] == []
