"""Generations of a phase: the same trials on any number of workers, in any order of their results, and after a kill."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from builders import definition
from driven import Bench, Faulty, pruned_by
from volopt.definition.schema import Definition
from volopt.executors.trainer import SerialTrainer
from volopt.storage.database.connect import connect
from volopt.studies import study as studies
from volopt.studies.attributes import proposal
from volopt.training.task import Fit, State, Task

BATCH = 4
Row = tuple[dict[str, Any], str, float | None, dict[int, float]]


def searched_by(pruner: str, sampler: str = "tpe", batch: int = BATCH) -> Definition:
    """Return the small study with a phase that learns, in generations."""
    text = pruned_by(pruner).replace('sampler = "random"', f'sampler = "{sampler}"\nbatch = {batch}')
    return definition(text.replace("trials = 12", "trials = 18").replace("epochs = 20", "epochs = 5"))


class BackwardTrainer:
    """Train the newest task first, in one thread, as if there were several workers."""

    def __init__(self, workers: int, trainer: Any) -> None:
        self.workers, self._trainer = workers, trainer
        self._tasks: list[tuple[Future[State | Fit], tuple[Any, ...]]] = []
        self._changed, self._closed = threading.Condition(), False
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def submit(self, *task: Any) -> Future[State | Fit]:
        future: Future[State | Fit] = Future()
        with self._changed:
            self._tasks.append((future, task))
            self._changed.notify()
        return future

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._tasks or self._closed)
                if self._closed:
                    return
                future, task = self._tasks.pop()
            if future.set_running_or_notify_cancel():
                done = self._trainer.submit(*task)
                if error := done.exception():
                    future.set_exception(error)
                else:
                    future.set_result(done.result())


def table(bench: Bench) -> list[Row]:
    """Return the finished trials in the order of their numbers."""
    finished = [trial for trial in bench.study.trials if trial.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    return [(trial.params, trial.state.name, trial.value, trial.intermediate_values) for trial in finished]


def driven(directory: Path, found: Definition, wrap: Callable[[SerialTrainer], Any] = lambda trainer: trainer) -> Bench:
    directory.mkdir(exist_ok=True)
    bench = Bench(directory)
    bench.drive(found, wrap)
    return bench


@pytest.mark.parametrize(
    ("sampler", "pruner"), [("tpe", "median"), ("tpe", "race"), ("random", "topk"), ("random", "hyperband")]
)
def test_the_order_in_which_workers_finish_changes_nothing(tmp_path: Path, sampler: str, pruner: str) -> None:
    found = searched_by(pruner, sampler)
    alone = table(driven(tmp_path / "1", found))
    assert {state for _, state, *_ in alone} == {"COMPLETE", "PRUNED"}
    for workers in (2, 5):
        assert table(driven(tmp_path / str(workers), found, partial(BackwardTrainer, workers))) == alone


@pytest.mark.parametrize("pruner", ["median", "halving"])
@pytest.mark.parametrize("workers", [1, 3])
def test_an_interrupted_study_completes_its_generation_and_ends_like_an_undisturbed_one(
    tmp_path: Path, pruner: str, workers: int
) -> None:
    found = searched_by(pruner)
    undisturbed = table(driven(tmp_path / "undisturbed", found))
    assert "PRUNED" in {state for _, state, *_ in undisturbed}
    again = Bench(tmp_path)
    ends = []
    for after in (50, 30, 20, 5):  # tasks, of which the grid takes 40

        def fault(task: Task, count: int, after: int = after) -> BaseException | None:
            return KeyboardInterrupt() if count == after else None

        def wrap(trainer: SerialTrainer, fault: Any = fault) -> Any:
            return Faulty(trainer if workers == 1 else BackwardTrainer(workers, trainer), fault, workers)

        with pytest.raises(KeyboardInterrupt):
            again.drive(found, wrap)
        ends.append(len(again.study.trials))
    again.drive(found)
    assert table(again) == undisturbed
    assert len(set(ends)) == len(ends)
    assert again.states().count("FAIL") >= len(ends)


def test_failed_trials_are_tried_again_at_the_end_of_their_generation(tmp_path: Path) -> None:
    """A point that always fails is given up; its generation goes on without it, on any number of workers."""
    found = searched_by("median")

    def fault(task: Task, count: int) -> BaseException | None:
        return ValueError("no") if task.config.window == 5 and task.seed == 1 else None

    alone = driven(tmp_path / "1", found, lambda trainer: Faulty(trainer, fault))
    two = driven(tmp_path / "2", found, lambda trainer: Faulty(BackwardTrainer(2, trainer), fault, 2))
    assert [(t.params, t.state, t.value) for t in alone.study.trials] == [
        (t.params, t.state, t.value) for t in two.study.trials
    ]
    failed = [t.params for t in alone.study.trials if t.state == TrialState.FAIL]
    assert failed
    assert all(failed.count(params) == 2 for params in failed)  # one retry


def test_trials_of_a_generation_are_asked_before_any_of_them_is_told(bench: Bench) -> None:
    bench.drive(searched_by("none"))
    extend = [trial for trial in bench.study.trials if trial.user_attrs["phase"] == "extend"]
    generations = [extend[start : start + BATCH] for start in range(0, 18, BATCH)]
    for number, trials in enumerate(generations, start=1):
        assert {proposal(trial).generation for trial in trials} == {number}
        starts = [trial.datetime_start for trial in trials if trial.datetime_start]
        ends = [trial.datetime_complete for trial in trials if trial.datetime_complete]
        assert max(starts) <= min(ends)
        assert ends == sorted(ends)


def test_another_batch_proposes_other_points(tmp_path: Path) -> None:
    one, four = (table(driven(tmp_path / str(batch), searched_by("none", batch=batch))) for batch in (1, 4))
    assert one[:4] == four[:4]  # the grid
    assert one != four


def test_a_phase_that_learns_nothing_asks_for_trials_one_by_one(bench: Bench) -> None:
    bench.drive(definition())
    assert {proposal(trial).generation for trial in bench.study.trials} == {0}


def test_a_resumed_ledger_knows_the_generations(bench: Bench) -> None:
    found = searched_by("none")
    bench.drive(found)
    ledger = studies.ledger(studies.find(connect(bench.url), "small")[0], found)
    assert ledger.generations == {"width": 0, "extend": 5}
