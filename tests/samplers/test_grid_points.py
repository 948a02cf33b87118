"""The grid sampler: each point once, whatever happened before."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, IntDistribution
from optuna.samplers import GridSampler
from optuna.storages import InMemoryStorage
from optuna.trial import FrozenTrial, TrialState

from volopt.samplers._grid_points import GridPointSampler
from volopt.studies.attributes import INTERRUPTED
from volopt.studies.ledger import Ledger
from volopt.studies.space import Params, Point, point

GRID: dict[str, list[Any]] = {"cell": ["LSTM", "RNN"], "hidden": [3, 5], "window": [4]}
SPACE = {
    "cell": CategoricalDistribution(["LSTM", "RNN"]),
    "hidden": CategoricalDistribution([3, 5, 25]),
    "window": IntDistribution(2, 9),
}


def free(params: Params) -> float:
    return 1.0


class Run:
    """A study, and a ledger of it as a driver keeps it."""

    def __init__(self, storage: InMemoryStorage | None = None) -> None:
        self.study = optuna.create_study(storage=storage)
        self.ledger = Ledger(retries=1)

    def ask(self, grid: Mapping[str, Sequence[Any]], cost: Any = free) -> optuna.Trial | None:
        sampler = GridPointSampler(grid, self.ledger.is_open, self.ledger.is_settled, cost)
        if sampler.next_point() is None:
            return None
        self.study.sampler = sampler
        trial = self.study.ask(SPACE)
        self.ledger.start("grid", trial.params)
        return trial

    def tell(self, trial: optuna.Trial, state: TrialState = TrialState.COMPLETE, reason: str = "nan") -> None:
        self.study.tell(trial, 1.0 if state == TrialState.COMPLETE else None, state)
        if state == TrialState.FAIL:
            self.ledger.fail("grid", trial.params, reason)
        else:
            self.ledger.finish("grid", trial.params, complete=state == TrialState.COMPLETE)

    def finish(self, grid: Mapping[str, Sequence[Any]]) -> int:
        """Take every point that is open and return how many."""
        taken = 0
        while (trial := self.ask(grid)) is not None:
            self.tell(trial)
            taken += 1
        return taken

    @property
    def complete(self) -> Counter[Point]:
        return Counter(point(t.params) for t in self.study.get_trials(states=(TrialState.COMPLETE,)))


def points(cells: Sequence[str] = ("LSTM", "RNN"), sizes: Sequence[int] = (3, 5)) -> Counter[Point]:
    """Return each point once."""
    return Counter(point({"cell": c, "hidden": h, "window": 4}) for c in cells for h in sizes)


def test_each_point_is_taken_once_and_a_second_run_takes_none() -> None:
    run = Run()
    assert run.finish(GRID) == 4
    assert run.complete == points()
    assert run.finish(GRID) == 0


def test_points_that_run_at_the_same_time_are_distinct() -> None:
    run = Run()
    trials = [run.ask(GRID) for _ in range(5)]
    assert trials.pop() is None
    assert Counter(point(trial.params) for trial in trials if trial) == points()


@pytest.mark.parametrize("reason", ["nan", f"{INTERRUPTED}: killed"])
def test_a_point_that_failed_is_taken_again(reason: str) -> None:
    run = Run()
    trial = run.ask(GRID)
    assert trial is not None
    run.tell(trial, TrialState.FAIL, reason)
    assert run.finish(GRID) == 4
    assert run.complete == points()


def test_a_point_that_keeps_failing_is_given_up_and_the_others_are_taken() -> None:
    run = Run()
    failures = 0
    while (trial := run.ask(GRID)) is not None:
        broken = trial.params["cell"] == "RNN" and trial.params["hidden"] == 5
        failures += broken
        run.tell(trial, TrialState.FAIL if broken else TrialState.COMPLETE)
    assert failures == 2  # one retry
    assert sum(run.complete.values()) == 3


def test_a_grid_that_gained_values_takes_only_the_new_points() -> None:
    run = Run()
    run.finish(GRID)
    grown = GRID | {"hidden": [3, 5, 25]}
    assert run.finish(grown) == 2
    assert run.complete == points(sizes=(3, 5, 25))


def test_lists_in_another_order_are_the_same_grid() -> None:
    run = Run()
    run.finish(GRID)
    reordered = {key: list(reversed(values)) for key, values in reversed(GRID.items())}
    assert run.finish(reordered) == 0


def test_a_point_that_another_phase_completed_is_not_taken_again() -> None:
    run = Run()
    run.finish(GRID | {"cell": ["RNN"]})
    assert run.finish(GRID) == 2
    assert run.complete == points()


def test_a_point_that_was_pruned_elsewhere_is_taken() -> None:
    run = Run()
    trial = run.ask(GRID)
    assert trial is not None
    run.tell(trial, TrialState.PRUNED)
    assert run.finish(GRID) == 4


def test_optunas_own_sampler_leaves_out_failures_and_repeats_the_points_of_a_grown_grid() -> None:
    """The reason for the class; where this no longer holds, Optuna's own may do."""
    study = optuna.create_study(sampler=GridSampler(GRID))
    study.optimize(_fails_once, n_trials=4, catch=(ValueError,))
    study.sampler = GridSampler(GRID | {"hidden": [25, 3, 5]})
    study.optimize(_fails_once, n_trials=6, catch=(ValueError,))
    complete = Counter(point(t.params) for t in study.get_trials(states=(TrialState.COMPLETE,)))
    assert max(complete.values()) > 1


def _fails_once(trial: optuna.Trial) -> float:
    for name, distribution in SPACE.items():
        trial._suggest(name, distribution)
    if trial.number == 0:
        raise ValueError
    return 1.0


def test_a_cheap_point_is_taken_first_and_then_the_costliest_in_the_same_order_each_time() -> None:
    def cost(params: Params) -> float:
        return float(params["hidden"])

    orders = []
    for _ in range(2):
        run = Run()
        trials = [run.ask(GRID, cost) for _ in range(4)]
        orders.append([(t.params["hidden"], t.params["cell"]) for t in trials if t])
    assert orders[0] == [(3, "LSTM"), (5, "LSTM"), (5, "RNN"), (3, "RNN")]
    assert orders[1] == orders[0]


def test_a_trial_that_someone_enqueued_keeps_its_values_and_the_rest_is_of_a_point() -> None:
    run = Run()
    run.study.enqueue_trial({"hidden": 25})
    trial = run.ask(GRID)
    assert trial is not None
    assert point(trial.params) in points(sizes=(25,))
    run.tell(trial)
    assert run.finish(GRID) == 4
    assert run.complete == points() + Counter([point(trial.params)])


class Counting(InMemoryStorage):
    """Counts how often all trials are read."""

    reads = 0

    def get_all_trials(self, *args: Any, **kwargs: Any) -> list[FrozenTrial]:
        self.reads += 1
        return super().get_all_trials(*args, **kwargs)


def test_asking_for_a_point_does_not_read_the_trials() -> None:
    storage = Counting()
    run = Run(storage)
    taken = run.ask(GRID)
    trial_id = storage.create_new_trial(run.study._study_id)
    reads = storage.reads
    sampler = GridPointSampler(GRID, run.ledger.is_open, run.ledger.is_settled, free)
    sampler.before_trial(run.study, storage.get_trial(trial_id))
    trial = storage.get_trial(trial_id)
    given = {name: sampler.sample_independent(run.study, trial, name, SPACE[name]) for name in GRID}
    assert storage.reads == reads
    assert taken is not None
    assert point(given) in points() - Counter([point(taken.params)])


def test_the_study_is_not_stopped_after_the_last_point() -> None:
    run = Run()
    run.finish(GRID)
    run.study.sampler = optuna.samplers.RandomSampler(seed=0)
    assert run.study.tell(run.study.ask(SPACE), 1.0).state == TrialState.COMPLETE


def test_after_any_number_of_points_the_next_is_found_by_looking_at_the_running_ones_and_itself() -> None:
    grid: dict[str, list[Any]] = {"hidden": list(range(500)), "window": [4]}
    ledger, looked_at = Ledger(retries=1), 0

    def is_open(params: Params) -> bool:
        nonlocal looked_at
        looked_at += 1
        return ledger.is_open(params)

    sampler = GridPointSampler(grid, is_open, ledger.is_settled, free)
    running: list[Params] = []
    for _ in range(400):
        looked_at = 0
        number = sampler.next_point()
        assert number is not None
        assert looked_at <= len(running) + 2
        running.append(sampler.point(number))
        ledger.start("grid", running[-1])
        if len(running) == 3:
            ledger.finish("grid", running.pop(0), complete=True)


def test_points_that_failed_late_are_taken_before_the_next_new_one_and_in_their_order() -> None:
    grid: dict[str, list[Any]] = {"hidden": list(range(9)), "window": [4]}
    ledger = Ledger(retries=1)
    sampler = GridPointSampler(grid, ledger.is_open, ledger.is_settled, free)

    def take() -> int:
        number = sampler.next_point()
        assert number is not None
        ledger.start("grid", sampler.point(number))
        return number

    assert [take() for _ in range(5)] == [0, 1, 2, 3, 4]
    for number in (3, 1):
        ledger.fail("grid", sampler.point(number), "nan")
    ledger.finish("grid", sampler.point(0), complete=True)
    assert [take() for _ in range(4)] == [1, 3, 5, 6]
    ledger.fail("grid", sampler.point(1), "nan")  # given up
    assert [take() for _ in range(2)] == [7, 8]
    assert sampler.next_point() is None
    ledger.fail("grid", sampler.point(2), f"{INTERRUPTED}: killed")
    assert take() == 2
