"""What a finished trial leaves: scores by seed, their means, curves and forecasts by date."""

import json
import math
from dataclasses import replace
from typing import Any

import numpy as np
import optuna
import pytest

from builders import dataset, definition, frame
from volopt.baselines.baselines import Baselines
from volopt.search import trial_results
from volopt.search.trial_run import SeedRun, TrialRun
from volopt.studies.trial_file import parse
from volopt.training.fit import advance
from volopt.training.task import tasks
from volopt.windows import scoring
from volopt.windows.dataset import Dataset
from volopt.windows.prepare import prepare

FOUND = definition()
DATA = dataset(FOUND)
TRAIN = DATA.target("train", 4)
BASELINES = Baselines(
    "key",
    {},
    {
        "persistence": {"valid_log_mse": 0.02, "test_log_mse": 0.04},
        "har": {"valid_log_mse": 0.01, "test_log_mse": 0.0},  # an error of 0 leaves no skill to speak of
    },
)


def run(*untils: int, **params: Any) -> TrialRun:
    """Return a trial whose seeds are trained up to these epochs; 0 is not begun, 4 finished."""
    members = []
    for task, until in zip(tasks(FOUND, params, "cpu", "highest"), untils, strict=True):
        member = SeedRun(task, "")
        if until:
            member.receive(advance(DATA, task, None, until))
        members.append(member)
    trial = optuna.create_study().ask()
    return TrialRun(trial, FOUND.phases[0], params, members, by_seed=False)


OF_SERIES = replace(BASELINES, by_series={name: [row] for name, row in BASELINES.metrics.items()})


def artifact(trial: TrialRun, data: Dataset = DATA, baselines: Baselines = OF_SERIES) -> dict[str, Any]:
    rows = trial_results.seeds(trial, BASELINES)
    return trial_results.trial_file(trial, data, rows, trial_results.means(rows), baselines).model_dump()


@pytest.fixture(scope="module")
def finished() -> TrialRun:
    return run(4, 4, window=5)


def test_each_seed_has_its_scores(finished: TrialRun) -> None:
    rows = trial_results.seeds(finished, BASELINES)
    assert [(row["seed"], row["epochs"], row["best_epoch"]) for row in rows] == [(0, 4, 4), (1, 4, 4)]
    for row, member in zip(rows, finished.seeds, strict=True):
        assert member.fit is not None
        assert {"train_mse", "valid_mse", "test_mse", "valid_log_r2", "test_log_r2"} <= row.keys()
        assert row["valid_mse"] == member.fit.metrics["valid_mse"]
    assert rows[0]["valid_mse"] != rows[1]["valid_mse"]


def test_a_pruned_seed_has_its_losses_so_far_and_one_that_never_began_is_left_out() -> None:
    pruned = run(2, 0)
    curves = pruned.seeds[0].curves
    assert curves is not None
    assert trial_results.seeds(pruned, BASELINES) == [
        {"seed": 0, "train_mse": curves.train_mse[1], "valid_mse": curves.valid_mse[1], "epochs": 2}
    ]


def test_each_seed_has_its_skill_over_each_baseline(finished: TrialRun) -> None:
    for row in trial_results.seeds(finished, BASELINES):
        assert row["valid_skill_persistence"] == pytest.approx(1 - row["valid_log_mse"] / 0.02)
        assert row["test_skill_persistence"] == pytest.approx(1 - row["test_log_mse"] / 0.04)
        assert row["valid_skill_har"] == pytest.approx(1 - row["valid_log_mse"] / 0.01)
        assert row["test_skill_har"] is None


def test_an_ensemble_is_scored_by_the_mean_of_its_forecasts_and_not_by_the_mean_of_their_scores(
    finished: TrialRun,
) -> None:
    found = trial_results.ensemble(finished, DATA, BASELINES)
    came = frame()
    actual = came.values[(came.dates >= np.datetime64("2020-04-01")) & (came.dates < np.datetime64("2020-05-01")), 1]
    forecasts = [member.fit.arrays["forecast.valid"] for member in finished.seeds if member.fit]
    errors = np.log(np.maximum(np.mean(forecasts, axis=0), 0.1 * TRAIN.min())) - np.log(actual)
    error = np.mean(errors**2)
    assert found["ensemble_valid_log_mse"] == pytest.approx(error)
    assert found["ensemble_valid_log_r2"] == pytest.approx(1 - error / np.var(np.log(actual)))
    assert found["ensemble_valid_skill_persistence"] == pytest.approx(1 - error / 0.02)
    assert (
        found["ensemble_valid_log_mse"]
        != trial_results.means(trial_results.seeds(finished, BASELINES))["valid_log_mse"]
    )
    assert not any("mase" in name for name in found)


def test_seeds_that_are_not_finished_have_no_ensemble() -> None:
    assert trial_results.ensemble(run(4, 2), DATA, BASELINES) == {}


def test_a_score_that_is_not_finite_is_told_as_missing(finished: TrialRun) -> None:
    member = finished.seeds[0]
    assert member.fit is not None
    broken = replace(member, fit=replace(member.fit, metrics=member.fit.metrics | {"test_mase": math.inf}))
    rows = trial_results.seeds(TrialRun(finished.trial, finished.phase, {}, [broken], by_seed=False), BASELINES)
    assert rows[0]["test_mase"] is None


def test_a_mean_is_over_all_seeds_and_missing_where_one_has_none() -> None:
    rows: list[dict[str, Any]] = [
        {"seed": 0, "epochs": 4, "best_epoch": 4, "valid_mse": 1.0, "test_mse": 5.0, "test_mase": 2.0},
        {"seed": 1, "epochs": 2, "best_epoch": 1, "valid_mse": 2.0, "test_mase": None},
    ]
    assert trial_results.means(rows) == {"valid_mse": 1.5, "test_mse": None, "test_mase": None}
    assert trial_results.means([]) == {}


def test_an_artifact_has_forecasts_beside_what_came_by_date_in_original_units(finished: TrialRun) -> None:
    found = artifact(finished)
    assert found["window"] == 5
    assert found["baselines"] == "key"
    assert found["metrics"] == trial_results.means(trial_results.seeds(finished, BASELINES))
    smallest = 0.1 * TRAIN.min()
    assert found["train"] == pytest.approx({"mean": TRAIN.mean(), "std": TRAIN.std(), "log_floor": smallest})
    assert found["days"]["valid"]["date"] == [f"2020-04-{day:02}" for day in range(1, 31)]
    assert found["days"]["test"]["date"] == [f"2020-05-{day:02}" for day in range(1, 32)]
    came = frame()
    volume = came.values[came.dates >= np.datetime64("2020-05-01"), 1][:31]
    assert found["days"]["test"]["actual"] == pytest.approx(volume.tolist(), rel=1e-5)
    for seed, member in zip(found["seeds"], finished.seeds, strict=True):
        assert member.fit is not None
        assert seed["seed"] == member.task.seed
        assert seed["metrics"]["test_mse"] == member.fit.metrics["test_mse"]
        assert "valid_skill_persistence" in seed["metrics"]
        for split in ("valid", "test"):
            assert seed["forecast"][split] == member.fit.arrays[f"forecast.{split}"].tolist()
            assert len(seed["forecast"][split]) == len(found["days"][split]["actual"])
        assert len(seed["curves"]["valid_mse"]) == 4


def test_an_artifact_says_of_one_instrument_too_whose_its_days_are_and_how_it_scores(finished: TrialRun) -> None:
    found = artifact(finished)
    floor = pytest.approx(0.1 * TRAIN.min())
    assert found["parts"] == {
        "valid": [{"instrument": "SH600000", "period": 0, "days": 30, "log_floor": floor}],
        "test": [{"instrument": "SH600000", "period": 0, "days": 31, "log_floor": floor}],
    }
    (only,) = found["instruments"]
    ensemble = trial_results.ensemble(finished, DATA, OF_SERIES)
    assert only == {"instrument": "SH600000", "metrics": {n.removeprefix("ensemble_"): v for n, v in ensemble.items()}}


def test_each_instrument_of_a_panel_is_scored_by_itself() -> None:
    """The second has ten times the volume of the first, and the days of valid that it lacks."""
    second = frame(seed=1)
    short = replace(second, name="B", dates=np.delete(second.dates, 100), values=np.delete(second.values, 100, 0) * 10)
    both = prepare([frame(), short], FOUND, "fingerprint")
    alone = [prepare([each], FOUND, "fingerprint") for each in (frame(), short)]
    members = [SeedRun(task, "") for task in tasks(FOUND, {"window": 5}, "cpu", "highest")]
    for member in members:
        member.receive(advance(both, member.task, None, 4))
    trial = TrialRun(optuna.create_study().ask(), FOUND.phases[0], {}, members, by_seed=False)
    rows = [{name: {"valid_log_mse": 0.1 * size, "test_log_mse": 1.0} for name in ("har",)} for size in (1, 2)]
    found = artifact(trial, both, Baselines("key", {}, rows[0], {"har": [row["har"] for row in rows]}))
    assert [(part["instrument"], part["days"]) for part in found["parts"]["valid"]] == [("SH600000", 30), ("B", 29)]
    assert [len(found["days"][split]["date"]) for split in ("valid", "test")] == [59, 62]
    mean = {split: np.mean([each["forecast"][split] for each in found["seeds"]], axis=0) for split in ("valid", "test")}
    for index, (data, days, row) in enumerate(zip(alone, (slice(0, 30), slice(30, 59)), rows, strict=True)):
        (expected,) = scoring.by_series(data, 5, {"valid": mean["valid"][days]})
        told = found["instruments"][index]["metrics"]
        assert {name: told[name] for name in expected} == pytest.approx(expected)
        assert told["valid_skill_har"] == pytest.approx(1 - expected["valid_log_mse"] / row["har"]["valid_log_mse"])
        assert found["parts"]["test"][index]["log_floor"] == pytest.approx(0.1 * data.target("train", 5).min())


def test_the_columns_of_a_large_panel_are_arrays_of_the_same_numbers(
    finished: TrialRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    lists = artifact(finished)
    monkeypatch.setattr(trial_results, "MAX_JSON_NUMBERS", 61 * 3 - 1)  # days and seeds of this one
    arrays = artifact(finished)
    for split in ("valid", "test"):
        days = arrays["days"][split]
        assert (days["date"].dtype, days["actual"].dtype) == (np.int32, np.float64)
        assert days["date"].astype("datetime64[D]").astype(str).tolist() == lists["days"][split]["date"]
        assert days["actual"].tolist() == lists["days"][split]["actual"]
        for seed, expected in zip(arrays["seeds"], lists["seeds"], strict=True):
            assert seed["forecast"][split].tolist() == expected["forecast"][split]
    assert {**arrays, "days": 0, "seeds": 0} == {**lists, "days": 0, "seeds": 0}
    assert parse(arrays) is not None
    monkeypatch.setattr(trial_results, "MAX_JSON_NUMBERS", 61 * 3)
    assert artifact(finished) == lists


def test_what_is_not_finite_is_nan_in_an_array_and_none_in_a_list() -> None:
    values = np.array([1.0, math.inf, math.nan])
    np.testing.assert_array_equal(trial_results._column(values, as_array=True), [1.0, math.nan, math.nan])
    assert trial_results._column(values, as_array=False) == [1.0, None, None]


def test_the_artifact_of_a_pruned_trial_has_curves_only() -> None:
    found = artifact(run(2, 0))
    assert [seed["seed"] for seed in found["seeds"]] == [0]
    assert found["seeds"][0]["forecast"] == {}
    assert (found["instruments"], found["parts"]["valid"][0]["days"]) == ([], 30)
    assert len(found["seeds"][0]["curves"]["train_mse"]) == 2


def test_all_of_it_is_jsonable(finished: TrialRun) -> None:
    facts = [
        trial_results.seeds(finished, BASELINES),
        trial_results.means(trial_results.seeds(finished, BASELINES)),
        artifact(finished),
    ]
    assert json.loads(json.dumps(facts)) == facts


def test_a_curve_without_a_logarithm_is_strict_json_all_the_same() -> None:
    """A target that goes below zero has no log scores."""
    trial = run(4, 4)
    curves = trial.seeds[0].curves
    assert curves is not None
    curves.valid_log_r2[0] = math.nan
    content = json.loads(json.dumps(artifact(trial), allow_nan=False))
    assert content["seeds"][0]["curves"]["valid_log_r2"][0] is None
