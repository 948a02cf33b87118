"""The driver when fits, workers, files or the storage fail, and when it is interrupted: what is lost, and what not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from builders import STUDY, definition
from driven import Bench, Faulty, pruned_by
from volopt.errors import StorageError, TrainingError
from volopt.executors.trainer import WorkerDiedError
from volopt.search.driver import Driver
from volopt.search.interrupts import Interrupts
from volopt.storage.files import read_arrays, write_arrays
from volopt.studies.attributes import INTERRUPTED
from volopt.training.task import Task


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
        interrupts.requested = interrupts.requested or count == 9  # and nobody heard the exception
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
        return WorkerDiedError("its worker process was ended by SIGKILL") if count in (3, 4, 9) else None

    driver = bench.drive(definition(), lambda trainer: Faulty(trainer, fault))
    assert bench.states() == ["COMPLETE"] * 7
    assert driver.epochs_trained == 7 * 2 * 4  # no rung was lost


def test_a_point_whose_worker_dies_five_times_without_a_rung_is_given_up_and_the_study_goes_on(bench: Bench) -> None:
    submitted: list[int] = []

    def fault(task: Task, count: int) -> BaseException | None:
        if task.config.hidden_size != 5 or task.seed != 1 or task.config.cell != "RNN":
            return None
        submitted.append(count)
        return WorkerDiedError("its worker process was ended by SIGKILL")

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
        return WorkerDiedError("dead") if count % 5 else None

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
        bench.drive(definition(), lambda trainer: Faulty(trainer, fault), kind=Deadly, checkpoint_seconds=0.0)
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
    bench.drive(definition(pruned_by("median")), checkpoint_seconds=0.0)
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
