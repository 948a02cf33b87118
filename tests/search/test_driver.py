"""The driver over real storage and real, tiny networks; a trainer that fails on purpose is written by hand."""

import functools
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

from builders import STUDY, dataset, definition
from volopt.baselines.baselines import Baselines, baselines
from volopt.data.frame import Source
from volopt.definition.schema import Definition
from volopt.errors import StorageError, TrainingError
from volopt.search import study as studies
from volopt.search.artifact import read
from volopt.search.driver import Driver, Workshop
from volopt.search.executors.serial import SerialTrainer
from volopt.search.illustrator import Illustrator
from volopt.search.interrupts import Interrupts
from volopt.search.ledger import INTERRUPTED
from volopt.search.listing import seeds, trials
from volopt.storage import kept
from volopt.storage.artifacts import CURVES, Artifacts
from volopt.storage.connect import connect
from volopt.storage.files import read_arrays, write_arrays
from volopt.training.progress import Progress
from volopt.training.task import State, Task
from volopt.windows.dataset import Dataset

SOURCE = Source("here", "native", True, "fingerprint")


def pruned_by(pruner: str) -> str:
    """Return a study file with a longer phase that a pruner watches over."""
    return STUDY.replace("trials = 3", f'trials = 12\npruner = "{pruner}"').replace("epochs = 4", "epochs = 20")


class Bench:
    """A study in a directory, driven as often as a test likes, each time as a new process would find it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.windows: list[int] = []  # that baselines were asked for
        self.url = f"sqlite:///{directory}/volopt.db"

    def drive(
        self,
        found: Definition,
        wrap: Callable[[SerialTrainer], Any] = lambda trainer: trainer,
        kind: type[Driver] = Driver,
        **said: Any,
    ) -> Driver:
        data = dataset(found)
        study = studies.open_or_create(connect(self.url, write=True, create=True), found, SOURCE)
        studies.repair(study)
        artifacts = self.directory / "artifacts"
        shop = Workshop(
            data,
            wrap(SerialTrainer(data)),
            kept.fits(artifacts),
            Artifacts(artifacts),
            functools.partial(self._baselines, data),
            lambda params: 1.0,
            **said,
        )
        driver = kind(study, found, studies.ledger(study, found), shop)
        driver.run(found.phases)
        return driver

    def _baselines(self, data: Dataset, window: int) -> Baselines:
        self.windows.append(window)
        return baselines(data, window, 4, kept.baselines(self.directory / "artifacts"))

    @property
    def study(self) -> optuna.Study:
        return optuna.load_study(study_name="small", storage=connect(self.url))

    def states(self) -> list[str]:
        return [trial.state.name for trial in self.study.trials]

    def states_on_disk(self) -> list[Path]:
        """The states of fits on their way."""
        return sorted((self.directory / "artifacts" / "states").rglob("*.safetensors"))

    def results(self) -> list[tuple[dict[str, Any], float | None]]:
        return [(t.params, t.value) for t in self.study.trials if t.state == TrialState.COMPLETE]


class Faulty:
    """Trains as the trainer it wraps, but for what ``fault`` says of a task and its count so far."""

    workers = 1

    def __init__(self, trainer: SerialTrainer, fault: Callable[[Task, int], BaseException | None]) -> None:
        self._trainer, self._fault, self._submitted = trainer, fault, 0

    def submit(self, task: Task, state: State | None, until: int) -> Future[Progress]:
        error = self._fault(task, self._submitted)
        self._submitted += 1
        if error is not None and not isinstance(error, Exception):
            raise error
        if error is None:
            return self._trainer.submit(task, state, until)
        future: Future[Progress] = Future()
        future.set_exception(error)
        return future

    def close(self) -> None:
        self._trainer.close()


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


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
    monkeypatch.setattr("volopt.search.results.LONG", 0)
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


def test_a_broken_kept_fit_is_trained_again(bench: Bench) -> None:
    bench.drive(definition())
    kept = sorted((bench.directory / "artifacts" / "fits").rglob("*.safetensors"))
    kept[0].write_bytes(kept[0].read_bytes()[:100])
    again = definition(STUDY.replace('name = "small"', 'name = "again"', 1))
    assert bench.drive(again).epochs_trained == 4


def test_a_fit_that_fails_by_itself_is_tried_again_and_then_given_up(bench: Bench) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        return TrainingError("the loss is nan") if task.config.hidden_size == 5 and task.seed == 1 else None

    found = definition()
    bench.drive(found, lambda trainer: Faulty(trainer, fault))
    failed = [t for t in bench.study.trials if t.state == TrialState.FAIL]
    assert len(failed) == 2 * 2  # two points, each tried once and once more
    assert {t.user_attrs["reason"] for t in failed} == {"the loss is nan"}
    assert bench.drive(found, lambda trainer: Faulty(trainer, fault)).new_trials == 0


def test_a_proposal_that_fails_once_is_tried_again_with_the_same_parameters(bench: Bench) -> None:
    failed: list[Task] = []

    def fault(task: Task, count: int) -> BaseException | None:
        if task.config.learning_rate != 0.005 and not failed:
            failed.append(task)
            return ValueError("something else")
        return None

    bench.drive(definition(), lambda trainer: Faulty(trainer, fault))
    lost, retried = bench.study.trials[4], bench.study.trials[5]
    assert lost.state == TrialState.FAIL
    assert lost.user_attrs["reason"] == "ValueError: something else"
    assert retried.state == TrialState.COMPLETE
    assert retried.params == lost.params
    assert bench.states().count("COMPLETE") == 7


@pytest.mark.parametrize("stop_at", [0, 1, 7, 33, 40])
def test_an_interrupted_study_resumes_to_what_an_undisturbed_one_would_be(tmp_path: Path, stop_at: int) -> None:
    found = definition()
    undisturbed, disturbed = Bench(tmp_path / "a"), Bench(tmp_path / "b")
    undisturbed.drive(found)

    def fault(task: Task, count: int) -> BaseException | None:
        return KeyboardInterrupt() if count == stop_at else None

    with pytest.raises(KeyboardInterrupt):
        disturbed.drive(found, lambda trainer: Faulty(trainer, fault))
    assert disturbed.states()[-1] == "FAIL"
    assert disturbed.study.trials[-1].user_attrs["reason"] == INTERRUPTED
    disturbed.drive(found)
    assert disturbed.results() == undisturbed.results()


def test_an_interrupt_that_was_lost_in_a_finalizer_ends_the_run_all_the_same(bench: Bench) -> None:
    interrupts = Interrupts()

    def fault(task: Task, count: int) -> BaseException | None:
        interrupts.asked = interrupts.asked or count == 9  # and nobody heard the exception
        return None

    with pytest.raises(KeyboardInterrupt):
        bench.drive(definition(), lambda trainer: Faulty(trainer, fault), interrupts=interrupts)
    assert bench.states() == ["COMPLETE", "FAIL"]
    bench.drive(definition())
    assert bench.states().count("COMPLETE") == 7


def test_interruptions_do_not_use_up_the_retries(bench: Bench) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        return KeyboardInterrupt()

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            bench.drive(definition(), lambda trainer: Faulty(trainer, fault))
    bench.drive(definition())
    assert bench.states() == ["FAIL"] * 4 + ["COMPLETE"] * 7


def test_what_a_dead_worker_trained_is_trained_again_within_the_same_trial(bench: Bench) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        return BrokenProcessPool("its worker process was ended by SIGKILL") if count in (3, 4, 9) else None

    driver = bench.drive(definition(), lambda trainer: Faulty(trainer, fault))
    assert bench.states() == ["COMPLETE"] * 7
    assert driver.epochs_trained == 7 * 2 * 4  # no rung was lost


def test_a_point_whose_worker_dies_five_times_without_a_rung_is_given_up_and_the_study_goes_on(bench: Bench) -> None:
    submitted: list[int] = []

    def fault(task: Task, count: int) -> BaseException | None:
        if task.config.hidden_size != 5 or task.seed != 1 or task.config.cell != "RNN":
            return None
        submitted.append(count)
        return BrokenProcessPool("its worker process was ended by SIGKILL")

    found = definition()
    bench.drive(found, lambda trainer: Faulty(trainer, fault))
    (failed,) = [trial for trial in bench.study.trials if trial.state == TrialState.FAIL]
    assert len(submitted) == 5
    assert failed.user_attrs["reason"] == (
        "given up after epoch 0: its worker process was ended by SIGKILL, 5 times without another rung"
    )
    assert bench.states().count("COMPLETE") == 6
    assert bench.drive(found).new_trials == 0  # it is not tried again


def test_a_rung_in_between_forgives_the_deaths_before_it(bench: Bench) -> None:
    """A rung is one epoch here: four deaths before each of the four."""

    def fault(task: Task, count: int) -> BaseException | None:
        return BrokenProcessPool("dead") if count % 5 else None

    bench.drive(definition(training={"seeds": 1}), lambda trainer: Faulty(trainer, fault))
    assert bench.states() == ["COMPLETE"] * 7


def test_an_interrupted_fit_goes_on_from_its_last_rung(tmp_path: Path) -> None:
    found = definition()
    undisturbed, disturbed = Bench(tmp_path / "a"), Bench(tmp_path / "b")
    undisturbed.drive(found)

    def fault(task: Task, count: int) -> BaseException | None:
        return KeyboardInterrupt() if count == 5 else None  # of 2 x 4 rungs of the first trial

    with pytest.raises(KeyboardInterrupt):
        disturbed.drive(found, lambda trainer: Faulty(trainer, fault))
    assert len(disturbed.states_on_disk()) == 2
    assert disturbed.drive(found).epochs_trained == 7 * 2 * 4 - 5
    assert disturbed.states_on_disk() == []
    assert disturbed.results() == undisturbed.results()


def test_a_killed_run_leaves_the_states_that_were_due(bench: Bench) -> None:
    class Killed(BaseException):
        """As kill -9: nothing after it is done."""

    def fault(task: Task, count: int) -> BaseException | None:
        return Killed() if count == 5 else None

    class Deadly(Driver):
        def _interrupt(self, run: Any) -> None:
            pass

    with pytest.raises(Killed):
        bench.drive(definition(), lambda trainer: Faulty(trainer, fault), kind=Deadly, keep_seconds=0.0)
    assert bench.states() == ["RUNNING"]
    assert bench.drive(definition()).epochs_trained == 7 * 2 * 4 - 4  # what was not collected is lost


def test_a_fit_that_went_on_is_kept_at_its_next_rung_however_soon(bench: Bench) -> None:
    def interrupted(at: int) -> Callable[[Task, int], BaseException | None]:
        return lambda task, count: KeyboardInterrupt() if count == at else None

    with pytest.raises(KeyboardInterrupt):
        bench.drive(definition(), lambda trainer: Faulty(trainer, interrupted(2)))
    before = {path: read_arrays(path) for path in bench.states_on_disk()}

    class Killed(Driver):
        def _interrupt(self, run: Any) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        bench.drive(definition(), lambda trainer: Faulty(trainer, interrupted(3)), kind=Killed)
    epochs = {path: found[1]["epoch"] for path in before if (found := read_arrays(path))}
    assert all(epochs[path] > found[1]["epoch"] for path, found in before.items() if found)


def test_no_state_is_written_of_fits_that_take_no_time(bench: Bench) -> None:
    driver = bench.drive(definition())
    assert driver.epochs_trained > 0
    assert not (bench.directory / "artifacts" / "states").exists()


@pytest.mark.parametrize("spoiled", [b"", b"no state", None])
def test_a_broken_or_foreign_state_is_trained_anew(bench: Bench, spoiled: bytes | None) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        return KeyboardInterrupt() if count == 5 else None

    with pytest.raises(KeyboardInterrupt):
        bench.drive(definition(), lambda trainer: Faulty(trainer, fault))
    for path in bench.states_on_disk():
        path.write_bytes(spoiled) if spoiled is not None else write_arrays(path, {}, {"epoch": 3})
    assert bench.drive(definition()).epochs_trained == 7 * 2 * 4


def test_a_state_that_cannot_be_gone_on_from_costs_one_retry(bench: Bench) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        return KeyboardInterrupt() if count == 5 else None

    with pytest.raises(KeyboardInterrupt):
        bench.drive(definition(), lambda trainer: Faulty(trainer, fault))
    for path in bench.states_on_disk():
        arrays, facts = read_arrays(path) or ({}, {})
        write_arrays(path, {name: values for name, values in arrays.items() if "weights" not in name}, facts)
    bench.drive(definition())
    assert bench.states() == ["FAIL", "FAIL"] + ["COMPLETE"] * 7


def test_a_pruned_trial_leaves_no_state(bench: Bench) -> None:
    bench.drive(definition(pruned_by("median")), keep_seconds=0.0)
    assert "PRUNED" in bench.states()
    assert bench.states_on_disk() == []


def test_a_storage_that_is_lost_in_mid_run_ends_it_with_its_own_sentence(bench: Bench) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        if count == 9:
            (bench.directory / "volopt.db").rename(bench.directory / "elsewhere.db")
        return None

    with pytest.raises(StorageError, match="was removed or replaced while it was in use"):
        bench.drive(definition(), lambda trainer: Faulty(trainer, fault))
    (bench.directory / "elsewhere.db").rename(bench.directory / "volopt.db")
    bench.drive(definition())
    assert bench.states().count("COMPLETE") == 7


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


class Hearing(Illustrator):
    """Writes down what an illustrator is told, and in which state the trial is then."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def trial(self, trial: optuna.Trial, content: dict[str, Any], value: float | None) -> None:
        state = trial.storage.get_trial(trial._trial_id).state.name
        self.told.append((trial.number, state, len(content["seeds"]), value))

    def failed(self, trial: optuna.Trial | FrozenTrial, reason: str) -> None:
        self.told.append((trial.number, reason))

    def study(self) -> None:
        self.told.append(())


def test_an_illustrator_hears_of_each_trial_before_it_is_told_and_of_the_end_of_each_phase(bench: Bench) -> None:
    hearing = Hearing()
    bench.drive(definition(), illustrator=hearing)
    width, extend = bench.study.trials[:4], bench.study.trials[4:]
    heard = [[(trial.number, "RUNNING", 2, trial.value) for trial in phase] for phase in (width, extend)]
    assert hearing.told == [*heard[0], (), *heard[1], ()]


def test_an_illustrator_hears_of_pruned_and_failed_trials(bench: Bench) -> None:
    def fault(task: Task, count: int) -> BaseException | None:
        return ValueError("no") if count == 0 else None

    hearing = Hearing()
    bench.drive(definition(pruned_by("median")), lambda trainer: Faulty(trainer, fault), illustrator=hearing)
    told = {each[0]: each[-1] for each in hearing.told if each}
    assert told[0] == "ValueError: no"
    pruned = [trial.number for trial in bench.study.trials if trial.state == TrialState.PRUNED]
    assert pruned
    assert all(told[number] is None for number in pruned)
