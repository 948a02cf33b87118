"""A search over several valid periods: what each fit may see, what is reported and stored, and how a run resumes."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState

from builders import STUDY, dataset, definition, frame, in_periods
from driven import Bench, Faulty
from volopt.baselines.methods import baselines_of
from volopt.definition.changes import digest
from volopt.definition.schema import Definition
from volopt.executors.processes import ProcessTrainer
from volopt.metrics import log_mse, log_r2
from volopt.search import trial_results
from volopt.search.context import RunContext
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.storage import array_store
from volopt.storage.artifacts import Artifacts
from volopt.studies import listing, trial_file
from volopt.studies.trial_file import TrialFile
from volopt.training.fit import advance
from volopt.training.task import Fit, Task
from volopt.windows.dataset import Dataset
from volopt.windows.prepare import prepare

BASELINES = baselines_of(())

SPANS = [("2020-03-01", "2020-03-15"), ("2020-03-16", "2020-03-31"), ("2020-04-05", "2020-04-30")]


FOUND = definition(in_periods())
STOPPED = definition(in_periods(STUDY.replace("epochs = 4", "epochs = 12\nearly_stopping = 2")))


def context(directory: Path, found: Definition = FOUND, data: Dataset | None = None) -> RunContext:
    return RunContext(found, data or dataset(found), Artifacts(directory / "artifacts"))


def with_noise(first: str) -> Dataset:
    """Return the dataset with other values on the days from ``first`` on."""
    days = frame()
    values, later = days.values.copy(), days.dates >= np.datetime64(first)
    values[later] = np.exp(np.random.default_rng(5).normal(3, 2, (int(later.sum()), values.shape[1])))
    return prepare([replace(days, values=values)], FOUND, "fingerprint")


def fit_of(data: Dataset, found: Definition, period: int, directory: Path) -> Fit:
    task = context(directory, found, data).tasks({})[period]
    fit = advance(data, task, None, task.epochs)
    assert isinstance(fit, Fit)
    assert task.period == period
    return fit


def weights(fit: Fit) -> dict[str, Any]:
    return {name: values for name, values in fit.arrays.items() if name.startswith("weights.")}


def assert_equal(a: dict[str, Any], b: dict[str, Any]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    """A finished study with three periods."""
    made = Bench(tmp_path_factory.mktemp("periods"))
    made.drive(FOUND)
    return made


def stored(bench: Bench, number: int = 0) -> TrialFile:
    file = trial_file.read(bench.study, bench.study.trials[number], Artifacts(bench.directory / "artifacts"))
    assert file is not None
    return file


@pytest.mark.parametrize("period", range(3))
def test_no_day_of_a_period_or_later_enters_the_weights_of_its_fit(period: int, tmp_path: Path) -> None:
    true, changed = (fit_of(data, FOUND, period, tmp_path) for data in (dataset(FOUND), with_noise(SPANS[period][0])))
    assert_equal(weights(true), weights(changed))
    assert true.arrays["curve.train_mse"].tolist() == changed.arrays["curve.train_mse"].tolist()
    assert true.metrics["valid_log_mse"] != changed.metrics["valid_log_mse"]  # the days did change


@pytest.mark.parametrize("period", range(2))
def test_no_day_after_a_period_enters_anything_of_its_fit_but_test(period: int, tmp_path: Path) -> None:
    after = str(date.fromisoformat(SPANS[period][1]).replace(day=31))  # of both periods' last month
    first = "2020-03-16" if period == 0 else after.replace("03-31", "04-01")
    true, changed = (fit_of(data, STOPPED, period, tmp_path) for data in (dataset(STOPPED), with_noise(first)))
    arrays = ({k: v for k, v in fit.arrays.items() if k != "forecast.test"} for fit in (true, changed))
    assert_equal(*arrays)
    assert (true.best_epoch, true.metrics["valid_mse"]) == (changed.best_epoch, changed.metrics["valid_mse"])


def test_a_later_period_learns_from_all_days_before_it_and_the_first_from_train() -> None:
    data = dataset(FOUND)
    dates = data.series[0].dates
    ends = [
        [str(dates[period.rows(split, 6, 0)[-1]]) for split in ("train", "valid", "test")] for period in data.periods
    ]
    assert [end[0] for end in ends] == ["2020-02-29", "2020-03-15", "2020-04-04"]
    assert [end[1] for end in ends] == [last for _, last in SPANS]
    assert {end[2] for end in ends} == {"2020-05-31"}
    assert all(period.series is data.series for period in data.periods)


def test_a_period_alone_has_the_fits_of_a_study_with_this_split(tmp_path: Path) -> None:
    alone = definition(
        STUDY.replace('train = ["2020-01-01", "2020-03-31"]', 'train = ["2020-01-01", "2020-03-15"]').replace(
            'valid = ["2020-04-01", "2020-04-30"]', 'valid = ["2020-03-16", "2020-03-31"]'
        )
    )
    several, one = context(tmp_path), context(tmp_path, alone)
    keys = [several.key(task) for task in several.tasks({})]
    assert len(set(keys)) == 6
    assert [task.seed for task in several.tasks({})] == [0, 0, 0, 1, 1, 1]  # blocks for a pruner
    assert [one.key(task) for task in one.tasks({})] == [keys[1], keys[4]]


def test_keys_and_digest_of_the_old_form_are_those_of_earlier_versions(tmp_path: Path) -> None:
    listed = definition(STUDY.replace('["2020-04-01", "2020-04-30"]', '[["2020-04-01", "2020-04-30"]]'))
    for found in (definition(), listed):
        plain = context(tmp_path, found)
        assert plain.key(plain.tasks({})[1]) == "e91d03db24d541a2d651ebdd98dbc490ff00bacf6fd825c2449466ad73436b94"
        assert plain.baselines(4).key == "5a9df231dff9f52228ff6c6e055c6c03c830d152d0895b509cbfa4e632c1851d"
        assert digest(found) == "7b749cdf2d4f14c17c92c883e890a347bf1ec719d1a447481c447909c9d78b11"


def test_a_trial_is_the_mean_over_periods_and_seeds(bench: Bench) -> None:
    for trial in bench.study.trials:
        seeds, periods = listing.seeds(trial), listing.periods(trial)
        assert [seed["seed"] for seed in seeds] == [0, 1]
        assert [(period["first"], period["last"]) for period in periods] == SPANS
        for values in ([seed["valid_mse"] for seed in seeds], [period["metrics"]["valid_mse"] for period in periods]):
            assert trial.value == pytest.approx(np.mean(values), rel=1e-12)
        ensemble = [period["metrics"]["ensemble_valid_log_r2"] for period in periods]
        assert listing.metrics(trial)["ensemble_valid_log_r2"] == pytest.approx(np.mean(ensemble))
        assert not any("test" in name for period in periods for name in period["metrics"])


def test_a_trial_file_has_the_days_of_all_periods_with_each_period_s_own_floor(bench: Bench) -> None:
    file, data = stored(bench), dataset(FOUND)
    assert [part.period for part in file.parts["valid"]] == [0, 1, 2]
    assert len(file.days["valid"].date) == sum(len(period.rows("valid", 4, 0)) for period in data.periods)
    scores = []
    for part in file.instrument_rows("valid"):
        actual = np.array(file.days["valid"].actual[part.rows])
        mean = np.mean([seed.forecast["valid"][part.rows] for seed in file.seeds], axis=0)
        scores.append((log_mse(mean, actual, part.log_floor), log_r2(mean, actual, part.log_floor)))
    assert file.metrics["ensemble_valid_log_mse"] == pytest.approx(np.mean([score[0] for score in scores]))
    assert file.metrics["ensemble_valid_log_r2"] == pytest.approx(np.mean([score[1] for score in scores]))
    rows = [period["metrics"]["ensemble_valid_log_mse"] for period in listing.periods(bench.study.trials[0])]
    assert rows == pytest.approx([score[0] for score in scores])


def test_the_test_split_is_forecast_by_the_networks_of_the_last_period(bench: Bench) -> None:
    made, data = context(bench.directory), dataset(FOUND)
    params = bench.study.trials[0].params
    last = [task for task in made.tasks(params) if task.period == 2]
    fits = [Fit.unpack(*found) for task in last if (found := made.fits.get(made.key(task)))]
    for seed, fit in zip(stored(bench).seeds, fits, strict=True):
        assert list(seed.forecast["test"]) == fit.arrays["forecast.test"].tolist()
        assert seed.metrics["test_mse"] == fit.metrics["test_mse"]
        assert list(seed.curves.valid_mse) == fit.arrays["curve.valid_mse"].tolist()
    assert data.rule == data.periods[2].rule


def test_every_fit_s_metrics_and_curves_are_in_the_file(bench: Bench) -> None:
    for seed in stored(bench).seeds:
        assert [fit.period for fit in seed.fits] == [0, 1, 2]
        assert [fit.curves is None for fit in seed.fits] == [False, False, True]
        assert seed.metrics["valid_mse"] == pytest.approx(np.mean([fit.metrics["valid_mse"] for fit in seed.fits]))
        assert all(len(fit.curves.valid_mse) == 4 for fit in seed.fits if fit.curves)


def test_baselines_are_fitted_for_each_period_and_joined_as_trials_are(bench: Bench) -> None:
    own = context(bench.directory)
    made = own.baselines(4)
    assert own.baselines(4) is made  # read once a run
    file, arrays = stored(bench), array_store.baselines(bench.directory / "artifacts").get(made.key)
    assert arrays is not None
    for name in BASELINES:
        errors = []
        for part, period in zip(file.instrument_rows("valid"), made.periods, strict=True):
            actual = np.array(file.days["valid"].actual[part.rows])
            errors.append(log_mse(arrays[0][f"{name}.valid"][part.rows], actual, part.log_floor))
            assert period.metrics[name]["valid_log_mse"] == pytest.approx(errors[-1])
        assert made.metrics[name]["valid_log_mse"] == pytest.approx(np.mean(errors))
        assert made.metrics[name]["test_mse"] == made.periods[-1].metrics[name]["test_mse"]
    period = listing.periods(bench.study.trials[0])[1]["metrics"]
    skill = 1 - period["ensemble_valid_log_mse"] / made.periods[1].metrics["har"]["valid_log_mse"]
    assert period["ensemble_valid_skill_har"] == pytest.approx(skill)


def test_two_workers_give_the_same_study(bench: Bench, tmp_path: Path) -> None:
    other = Bench(tmp_path)
    other.drive(FOUND, wrap=lambda trainer: ProcessTrainer(dataset(FOUND), 2))
    assert sorted(map(str, other.results())) == sorted(map(str, bench.results()))


def test_an_interrupted_run_resumes_and_a_finished_one_trains_nothing(bench: Bench, tmp_path: Path) -> None:
    interrupted = Bench(tmp_path)

    def stop(task: Task, count: int) -> BaseException | None:
        return KeyboardInterrupt() if count == 13 else None

    with pytest.raises(KeyboardInterrupt):
        interrupted.drive(FOUND, wrap=lambda trainer: Faulty(trainer, stop))
    first = interrupted.drive(FOUND)
    assert interrupted.results() == bench.results()
    assert first.epochs_trained < bench_epochs(bench)
    (interrupted.directory / "volopt.db").unlink()
    again = interrupted.drive(FOUND)  # a new study: every fit is stored
    assert again.epochs_trained == 0
    assert interrupted.results() == bench.results()


def bench_epochs(bench: Bench) -> int:
    return len(bench.study.trials) * FOUND.fits * FOUND.training.epochs


@pytest.mark.parametrize(("pruner", "reports"), [("median", 4), ("wilcoxon", 6)])
def test_each_fit_is_a_block_for_a_pruner(pruner: str, reports: int, tmp_path: Path) -> None:
    """The median pruner compares the mean over all fits at each rung, the Wilcoxon pruner the value of each fit."""
    pruned = Bench(tmp_path)
    pruned.drive(definition(in_periods(STUDY.replace("trials = 3", f'trials = 8\npruner = "{pruner}"'))))
    trials = pruned.study.trials
    assert {len(trial.intermediate_values) for trial in trials if trial.state == TrialState.COMPLETE} == {reports}
    ended = [trial for trial in trials if trial.state == TrialState.PRUNED]
    assert ended
    for trial in ended:
        file = stored(pruned, trial.number)
        assert listing.periods(trial) == []
        assert not any(seed.forecast for seed in file.seeds if len(seed.fits) < 3)


def test_a_seed_is_not_scored_on_test_before_its_last_period(tmp_path: Path) -> None:
    made, data = context(tmp_path), dataset(FOUND)
    runs = [SeedRun(task, "") for task in made.tasks({})]
    for run, until in zip(runs, (4, 2, 0, 0, 0, 0), strict=True):
        if until:
            run.receive(advance(data, run.task, None, until))
    trial = TrialRun(optuna.create_study().ask(), FOUND.phases[0], {}, runs, by_seed=False)
    (row,) = trial_results.seeds(trial, made.baselines(4))
    assert set(row) == {"seed", "train_mse", "valid_mse", "epochs"}
    losses = [run.curves.valid_mse[-1] for run in runs[:2] if run.curves]
    assert (row["valid_mse"], row["epochs"]) == (pytest.approx(np.mean(losses)), 2)
    assert trial_results.ensemble(trial, data, made.baselines(4)) == {}
