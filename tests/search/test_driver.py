"""The driver over real storage and real, tiny networks, with nothing in its way."""

from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from builders import STUDY, dataset, definition
from driven import Bench, Faulty, pruned_by
from volopt.definition.schema import Phase
from volopt.optuna_internals import trial_id
from volopt.search.callbacks import Callback
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.studies.listing import seeds, trials
from volopt.studies.trial_file import TrialFile, read
from volopt.training.task import Task


def test_every_point_of_the_grid_is_complete_once_and_the_other_phase_reaches_its_count(bench: Bench) -> None:
    found = definition()
    bench.drive(found)
    listed = trials(bench.study, found)
    grid = [t["params"] for t in listed if "width" in t["phases"]]
    assert sorted((p["cell"], p["hidden_size"]) for p in grid) == [("LSTM", 3), ("LSTM", 5), ("RNN", 3), ("RNN", 5)]
    assert all(p["window"] == 4 and p["learning_rate"] == 0.005 for p in grid)
    assert [t["phases"] for t in listed if "extend" in t["phases"]] == [["extend"]] * 3
    assert all(t["params"]["cell"] == "RNN" for t in listed if "extend" in t["phases"])
    assert {t["state"] for t in listed} == {"COMPLETE"}


def test_running_again_adds_nothing_and_trains_nothing(bench: Bench) -> None:
    found = definition()
    first, second = bench.drive(found), bench.drive(found)
    assert (first.new_trials, first.epochs_trained) == (7, 7 * 2 * 4)
    assert (second.new_trials, second.epochs_trained) == (0, 0)


def test_the_value_is_the_mean_of_the_seeds_and_all_of_it_is_stored_with_the_trial(bench: Bench) -> None:
    bench.drive(definition())
    for trial in bench.study.trials:
        rows = seeds(trial)
        assert [row["seed"] for row in rows] == [0, 1]
        assert trial.value == pytest.approx(sum(row["valid_mse"] for row in rows) / 2, rel=1e-12)
        assert trial.user_attrs["test_mse"] == pytest.approx(sum(row["test_mse"] for row in rows) / 2)
        assert trial.intermediate_values.keys() == {1, 2, 3, 4}
        assert trial.intermediate_values[4] == trial.value


def test_the_artifact_holds_curves_and_forecasts_by_date_in_original_units(bench: Bench) -> None:
    found = definition()
    bench.drive(found)
    study, store = bench.study, Artifacts(bench.directory / "artifacts")
    content = store.read(study, study.trials[0], CURVES)
    assert content is not None
    assert content["days"]["test"]["date"][0] == "2020-05-01"
    assert len(content["days"]["test"]["date"]) == len(content["seeds"][0]["forecast"]["test"]) == 31
    volume = dataset(found).series[0].target
    assert content["days"]["test"]["actual"] == volume[-31:].tolist()
    assert len(content["seeds"][1]["curves"]["valid_mse"]) == 4


def test_the_long_columns_of_a_large_panel_lie_beside_the_artifact(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("volopt.search.trial_results.MAX_JSON_NUMBERS", 0)
    found = definition()
    bench.drive(found)
    study, store = bench.study, Artifacts(bench.directory / "artifacts")
    left = read(study, study.trials[0], store)
    assert left is not None
    assert isinstance(left.days["test"].actual, np.ndarray)
    assert left.days["test"].actual.tolist() == dataset(found).series[0].target[-31:].tolist()
    assert len(left.seeds[1].forecast["test"]) == 31


def test_a_new_study_with_more_seeds_trains_only_the_missing_ones(bench: Bench) -> None:
    bench.drive(definition())
    more = definition(STUDY.replace('name = "small"', 'name = "more"', 1), training={"seeds": 3})
    assert bench.drive(more).epochs_trained == 7 * 1 * 4


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_a_pruner_ends_trials_at_a_rung_and_they_count(bench: Bench, pruner: str) -> None:
    found = definition(pruned_by(pruner))
    driver = bench.drive(found)
    extend = [t for t in bench.study.trials if t.user_attrs["phase"] == "extend"]
    pruned = [t for t in extend if t.state == TrialState.PRUNED]
    assert len(extend) == 12
    assert pruned
    assert driver.epochs_trained < 16 * 2 * 20
    for trial in pruned:
        last = max(trial.intermediate_values)
        assert last % 2 == 0
        assert last < 20
        assert seeds(trial)[0]["epochs"] == last


def test_halving_trains_no_second_seed_of_a_trial_that_is_pruned_at_a_rung_of_the_first(bench: Bench) -> None:
    driver = bench.drive(definition(pruned_by("halving")))
    extend = [t for t in bench.study.trials if t.user_attrs["phase"] == "extend"]
    pruned = [t for t in extend if t.state == TrialState.PRUNED]
    complete = [t for t in extend if t.state == TrialState.COMPLETE]
    assert len(pruned) + len(complete) == 12
    assert all(list(t.intermediate_values) == [*range(2, 21, 2), 40] for t in complete)
    assert pruned
    for trial in pruned:
        last = max(trial.intermediate_values)
        assert [row["epochs"] for row in seeds(trial)] == [last]
        assert last in (4, 20)
    others = sum(row["epochs"] for t in bench.study.trials if t.user_attrs["phase"] != "extend" for row in seeds(t))
    assert driver.epochs_trained <= others + 40 * len(complete) + sum(max(t.intermediate_values) for t in pruned)


def test_wilcoxon_reports_seed_by_seed_and_prunes_between_seeds(bench: Bench) -> None:
    found = definition(pruned_by("wilcoxon"), training={"seeds": 6})
    bench.drive(found)
    complete = [t for t in bench.study.trials if t.state == TrialState.COMPLETE]
    pruned = [t for t in bench.study.trials if t.state == TrialState.PRUNED]
    assert all(list(t.intermediate_values) == list(range(6)) for t in complete)
    assert pruned
    assert all(len(seeds(t)) == len(t.intermediate_values) < 6 for t in pruned)


def test_no_new_trial_is_asked_for_after_the_timeout(bench: Bench) -> None:
    assert bench.drive(definition(), timeout=0).new_trials == 0


def test_early_stopping_and_a_metric_of_the_forecast_work_together(bench: Bench) -> None:
    text = STUDY + '[objective]\nmetric = "valid_log_r2"\n'
    found = definition(text, training={"epochs": 40, "early_stopping": 3, "learning_rate": 0.02})
    bench.drive(found)
    best = bench.study.best_trial
    scores = [row["valid_log_r2"] for row in seeds(best)]
    assert best.value == pytest.approx(sum(scores) / 2)
    assert bench.study.direction == optuna.study.StudyDirection.MAXIMIZE
    assert any(row["epochs"] < 40 for t in bench.study.trials for row in seeds(t))


def test_metrics_are_in_the_trial_and_in_its_artifact_alike(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    found = definition()
    bench.drive(found)
    artifacts = Artifacts(tmp_path / "artifacts")
    for told, trial in zip(trials(bench.study, found), bench.study.trials, strict=True):
        content = artifacts.read(bench.study, trial, CURVES)
        assert content is not None
        assert content["metrics"] == told["metrics"]
        assert {"ensemble_valid_log_r2", "ensemble_test_skill_har", "test_mase"} <= told["metrics"].keys()
        assert [seed["metrics"] | {"seed": seed["seed"]} for seed in content["seeds"]] == told["seeds"]


def test_a_trial_is_set_beside_the_baselines_of_its_own_days(tmp_path: Path) -> None:
    """Under the published rule the days of a split move with the window."""
    bench = Bench(tmp_path)
    bench.drive(definition())
    assert bench.windows == [trial.params["window"] for trial in bench.study.trials]
    assert len(set(bench.windows)) > 1


class Notes(Callback):
    """Note each event, and the state of the trial at that time."""

    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def on_trial_result(self, trial: optuna.Trial, file: TrialFile, value: float | None) -> None:
        state = trial.storage.get_trial(trial_id(trial)).state.name
        self.events.append((trial.number, state, len(file.seeds), value))

    def on_trial_failure(self, trial: optuna.Trial | FrozenTrial, reason: str) -> None:
        self.events.append((trial.number, reason))

    def on_phase_end(self, phase: Phase) -> None:
        self.events.append(())


def test_callbacks_get_the_results_of_a_trial_before_it_is_told_and_the_end_of_each_phase(bench: Bench) -> None:
    notes = Notes()
    bench.drive(definition(), callbacks=[notes])
    width, extend = bench.study.trials[:4], bench.study.trials[4:]
    results = [[(trial.number, "RUNNING", 2, trial.value) for trial in phase] for phase in (width, extend)]
    assert notes.events == [*results[0], (), *results[1], ()]


def test_callbacks_get_pruned_and_failed_trials(bench: Bench) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        return ValueError("no") if count == 0 else None

    notes = Notes()
    bench.drive(definition(pruned_by("median")), lambda trainer: Faulty(trainer, fault), callbacks=[notes])
    last = {event[0]: event[-1] for event in notes.events if event}
    assert last[0] == "ValueError: no"
    pruned = [trial.number for trial in bench.study.trials if trial.state == TrialState.PRUNED]
    assert pruned
    assert all(last[number] is None for number in pruned)
